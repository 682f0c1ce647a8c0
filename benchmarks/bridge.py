"""How long a call from the page to the app and back takes in a real window, and that none is lost.

Ours: 10,000 calls one after the other of `operations.list` in one window: over the bridge, through
validation, the Dispatcher and the models, and back as an envelope; while 2,000 events arrive by
Server-Sent Events. The limits of the rates are set aside for it (the bucket for reading would
refuse what is measured). Floor, in the same run: 2,000 calls of a function that pywebview exposes
by itself, `(text) -> text`, on a bare page in a bare window, without validation or limits.

    ./launcher bench bridge
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
sys.path.insert(0, str(REPOSITORY))

from tests.helpers.desktop import display, environment_of  # noqa: E402
from tests.helpers.window_page import write_page  # noqa: E402

CALLS = 10_000
EVENTS = 2_000
FLOOR_CALLS = 2_000
BAR_MS = 3.0

OURS = """
import json, sys, threading, time
from dataclasses import replace
from pathlib import Path
from backend.api.dispatch import Dispatcher
from backend.api.rate_limits import RateLimiter
from backend.desktop import showing
from backend.desktop.ladder import Choice, Rung
from backend.operations.events import SettingsChanged
from backend.platform.terminal import leave_waiting_threads_behind
from tests.helpers import window_child

build = showing.build_app

def without_limits(*arguments, **named):
    app = build(*arguments, **named)
    return replace(app, dispatcher=Dispatcher(app.dispatcher._api, RateLimiter({})))

showing.build_app = without_limits
status = window_child.main()
leave_waiting_threads_behind(status)
sys.exit(status)
"""

SCRIPT = """
window.result = null;
(async () => {
  const seen = new Set();
  const stream = new EventSource(`${window.session.value.place}/events`);
  stream.addEventListener("settings.changed", (event) => {
    const { name } = JSON.parse(event.data).data;
    if (name.startsWith("bench-")) seen.add(name);
  });
  await new Promise((resolve) => { stream.onopen = resolve; });
  window.listening = true;
  const times = [];
  let lost = 0;
  for (let call = 0; call < %(calls)d; call++) {
    const begin = performance.now();
    const answer = await window.invoke("operations.list", {});
    times.push(performance.now() - begin);
    if (!answer.ok || !Array.isArray(answer.value.operations)) lost++;
  }
  const end = performance.now() + 10000;
  while (seen.size < %(events)d && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  window.result = { times, lost, events: seen.size };
})();
"""

FLOOR = """
import json, os, sys, threading
import webview

def echo(text):
    return text

page = "<!doctype html><title>floor</title><p>floor</p>"
window = webview.create_window("floor", html=page)
window.expose(echo)

def measure():
    window.events.loaded.wait()
    window.run_js('''
        window.result = null;
        (async () => {
          const times = [];
          for (let call = 0; call < %(calls)d; call++) {
            const begin = performance.now();
            await window.pywebview.api.echo("{}");
            times.push(performance.now() - begin);
          }
          window.result = times;
        })()
    ''')
    while not (times := window.run_js("JSON.stringify(window.result)")) or times == "null":
        threading.Event().wait(0.1)
    print(times, flush=True)
    window.destroy()

webview.start(measure, gui="qt")
os._exit(0)
"""


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-bridge-") as folder, display() as shown_on:
        floor = floor_times(Path(folder), shown_on)
        found = ours(Path(folder), shown_on)
    report(found, floor)


def ours(folder: Path, shown_on: str) -> dict[str, Any]:
    """The times of the calls, what was lost, the events that came, and the exit status."""
    pages = write_page(folder / "pages")
    environment = environment_of(folder / "root", shown_on) | fit_for_qt()
    command = [sys.executable, "-c", OURS, str(folder / "root"), str(pages), "qt"]
    with subprocess.Popen(
        command, env=environment, cwd=REPOSITORY, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            wait_for(process, "window.up !== undefined")
            order(process, js=SCRIPT % {"calls": CALLS, "events": EVENTS})
            wait_for(process, "window.listening === true")
            order(process, python=PUBLISH)
            wait_for(process, "window.result !== null")
            found = json.loads(order(process, js="JSON.stringify(window.result)"))
            order(process, python="window.destroy()")
            found["status"] = process.wait(30)
        finally:
            process.kill()
    return dict(found)


PUBLISH = (
    "__import__('threading').Thread(target=lambda: [(door.app.events.publish("
    "__import__('backend.operations.events', fromlist=['x']).SettingsChanged(name=f'bench-{n}')),"
    f"__import__('time').sleep(0.004)) for n in range({EVENTS})], daemon=True).start()"
)


def floor_times(folder: Path, shown_on: str) -> list[float]:
    """The times of pywebview's own bridge."""
    environment = environment_of(folder / "floor", shown_on) | fit_for_qt()
    done = subprocess.run(
        [sys.executable, "-c", FLOOR % {"calls": FLOOR_CALLS}],
        env=environment, capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    return list(json.loads(done.stdout))


def fit_for_qt() -> dict[str, str]:
    sandbox = {"QTWEBENGINE_DISABLE_SANDBOX": "1"} if os.geteuid() == 0 else {}
    return {"LANG": "en_US.UTF-8", "LC_CTYPE": "C.UTF-8", "QT_API": "pyside6", **sandbox}


def order(process: subprocess.Popen[str], **wish: str) -> Any:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(wish) + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def wait_for(process: subprocess.Popen[str], condition: str) -> None:
    order(process, python="window.events.loaded.wait(30)")
    while order(process, js=f"Boolean({condition})") is not True:
        order(process, python="__import__('time').sleep(0.25)")


def report(found: dict[str, Any], floor: list[float]) -> None:
    mine, bare = found["times"], floor
    slowest = statistics.quantiles(mine, n=20)[18]
    floor_slowest = statistics.quantiles(bare, n=20)[18]
    lost = found["lost"] + CALLS - len(mine) + EVENTS - found["events"]
    print(
        f"ours   median {statistics.median(mine):.2f} ms, p95 {slowest:.2f} ms, {len(mine)} calls"
    )
    print(f"floor  median {statistics.median(bare):.2f} ms, p95 {floor_slowest:.2f} ms")
    print(f"events {found['events']} of {EVENTS}; lost in all {lost}; exit {found['status']}")
    result = {
        "name": "bridge",
        "ours": {"p95_ms": round(slowest, 2), "lost": lost, "exit": found["status"]},
        "floor_or_peer": {"p95_ms": round(floor_slowest, 2)},
        "ratio": round(slowest / floor_slowest, 2),
        "bar": f"p95 <= {BAR_MS} ms, none lost, exit 0",
        "ok": slowest <= BAR_MS and lost == 0 and found["status"] == 0,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
