"""A small page that speaks to the window as the real one does, for tests and benchmarks."""

from __future__ import annotations

from pathlib import Path

HTML = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>test page</title>
<script type="module" src="/assets/index.js"></script></head>
<body><p id="text">text to select</p><input id="field" value="a field"></body>
</html>
"""

SCRIPT = """
const waiting = new Map();
let calls = 0;
window.late = [];
window.comfyuiLauncher = {
  settle(id, text) {
    const settle = waiting.get(id);
    if (settle) { waiting.delete(id); settle(JSON.parse(text)); } else window.late.push(id);
  },
};
const bridge = await new Promise((resolve) => {
  const look = () => {
    const found = window.pywebview;
    if (found && (found.platform !== "qtwebengine" || found._QWebChannel)) resolve(found);
  };
  window.addEventListener("pywebviewready", look);
  look();
});
const stamp = crypto.getRandomValues(new Uint32Array(1))[0].toString(36);
window.invoke = (name, request) => new Promise((resolve) => {
  const id = stamp + (calls++).toString(36);
  waiting.set(id, resolve);
  bridge._jsApiCallback("invoke", [name, JSON.stringify(request ?? {})], id);
});
const code = new URLSearchParams(location.hash.slice(1)).get("code");
history.replaceState(null, "", "/");
if (code) {
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ code });
  window.session = await (await fetch("/api/v1/session", { method: "POST", headers, body })).json();
  window.place = window.session.value.place;
}
if (!window.keepsSilent) window.up = await window.invoke("window.ready");
"""


def write_page(folder: Path, script: str = SCRIPT) -> Path:
    """The folder, with the page in it."""
    (folder / "assets").mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text(HTML, "utf-8")
    (folder / "assets" / "index.js").write_text(script, "utf-8")
    return folder
