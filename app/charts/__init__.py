"""The one chart component: a Plotly figure with animation, theme, clicks, and files to save."""

from app.charts.chart import STATIC_PATHS, chart, chart_value, json_file, save_button

__all__ = ["STATIC_PATHS", "chart", "chart_value", "json_file", "save_button"]
