"""The figures of a run, of a comparison of systems, of the catalogue's map, and of measurements.

A figure's module offers `TITLE`, `figure(trace) -> dict` and `reading(trace) -> str`, one sentence
computed from that very run (plain text, not HTML). `system_bump` takes a Comparison in place of a
run, `kind_map` a KindMap, `viewer_map` a ViewerMap, `systems` and `system_costs` a bundle's
measured figures. What they share stands in `style`, `kinds`, `map_parts` and `moment_bars`.

A figure is a dict in plotly's JSON form (data, layout, frames). Built as
`plotly.graph_objects.Figure`, whose every assignment is validated, one animated figure took half a
second; the tests do that validation instead.
"""
