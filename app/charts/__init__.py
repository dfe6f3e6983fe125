"""The one chart component: a Plotly figure with animation, theme, reading and clicks."""

from app.charts.chart import STATIC_PATHS, chart, chart_value

__all__ = ["STATIC_PATHS", "chart", "chart_value"]
