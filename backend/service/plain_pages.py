"""Pages for when the real one is not there: one file each, without scripts, readable in any theme.

Whatever is put into them is escaped here, and nowhere else. Those that the service shows are for
everyone who can reach it, so no path in them tells whose launcher this is.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Final

_FRAME: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - ComfyUI Launcher</title>
<style>
:root {{
  color-scheme: light dark;
  --ground: #f6f7f9; --text: #1c1f26; --quiet: #5a6272; --line: #d5d9e0; --accent: #3452c9;
}}
@media (prefers-color-scheme: dark) {{
  :root {{
    --ground: #15171f; --text: #e7e9ef; --quiet: #9aa2b4; --line: #2c303c; --accent: #8fa8ff;
  }}
}}
body {{
  margin: 0; min-height: 100vh; display: grid; place-content: center; background: var(--ground);
  color: var(--text); font: 15px/1.55 Inter, system-ui, sans-serif;
}}
main {{ box-sizing: border-box; max-width: 36rem; padding: 2rem 1.5rem; }}
h1 {{ margin: 0 0 0.75rem; font-size: 1.375rem; line-height: 1.3; }}
p {{ margin: 0 0 0.75rem; }}
code {{
  padding: 0.1em 0.35em; border: 1px solid var(--line); border-radius: 4px;
  font: 0.875em ui-monospace, monospace; overflow-wrap: anywhere;
}}
a {{ color: var(--accent); }}
.quiet {{ color: var(--quiet); }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def not_built() -> bytes:
    """What is shown instead of the window's page while its files are not there."""
    return _page(
        "The window's page is not built",
        "<p>Its files are made from the sources in <code>frontend</code>. In the folder of the "
        "launcher, run:</p><p><code>./launcher frontend build</code></p>"
        '<p>Then <a href="/">open it again</a>. Everything else works without it: '
        "<code>./launcher --help</code> lists the commands.</p>",
    )


def did_not_start(log_file: Path | None) -> bytes:
    """What the window shows when its page does not come up. `log_file`: below the root."""
    log = f"<p>The log is {_code(log_file)}.</p>" if log_file else ""
    return _page(
        "The window's page did not start",
        "<p>The launcher runs, but its page did not report that it is ready. ComfyUIs that run go "
        'on.</p><p><a href="/">Try again</a>. If that does not help, close the window and open the '
        "launcher in a browser with <code>./launcher --browser</code>; "
        "<code>./launcher diagnostics</code> makes a report for whoever helps you.</p>" + log,
    )


def problem(message: str, hint: str, log_file: Path | None) -> bytes:
    """What the window shows when the launcher itself could not start, or broke."""
    log = f'<p class="quiet">The log is {_code(log_file)}.</p>' if log_file else ""
    return _page("ComfyUI Launcher", f"<p>{escape(message)}</p><p>{escape(hint)}</p>{log}")


def not_found() -> bytes:
    """What is shown under an address where there is nothing."""
    return _page("There is nothing here", '<p><a href="/">To the launcher</a></p>')


def _page(title: str, body: str) -> bytes:
    page = _FRAME.format(title=escape(title), body=body)
    return page.encode("utf-8", "replace")  # a path need not be text of any encoding


def _code(path: Path) -> str:
    return f"<code>{escape(str(path))}</code>"
