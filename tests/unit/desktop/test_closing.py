"""Whether the window may close, on a real app with a ComfyUI that runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from backend.api.contract.common import Success
from backend.composition import App
from backend.desktop.closing import ANSWER_SECONDS, Closing
from backend.operations.events import WindowClosing
from backend.operations.operation import Operation, Step
from tests.helpers.desktop import until
from tests.helpers.world import World


@dataclass
class Desk:
    """A Closing, its window, and a clock that stands until it is moved."""

    app: App | None
    now: float = 100.0
    closed: threading.Event = field(default_factory=threading.Event)
    page_listens: bool = True
    closing: Closing = field(init=False)

    def __post_init__(self) -> None:
        self.closing = Closing(
            lambda: self.app, self.closed.set, lambda: self.page_listens, lambda: self.now
        )

    def attempt(self) -> bool:
        """Whether it closes, sooner or later, because of one click."""
        at_once = self.closing.attempt()
        until(lambda: not self.closing._deciding, 30)
        return at_once or self.closed.is_set()


def asked(world: World) -> list[WindowClosing]:
    return [event.data for event in world.events if isinstance(event.data, WindowClosing)]


@pytest.fixture
def running(world: World) -> World:
    """A launcher with a ComfyUI that runs."""
    world.install()
    world.launch()
    return world


def state(world: World) -> str:
    return str(world.ask("versions.show", tag="v0.3.64").state.value)


def test_where_nothing_runs_the_window_closes(world: World) -> None:
    desk = Desk(world.app)
    desk.closing.page_is_up()
    assert desk.attempt()
    assert desk.closing.attempt()
    assert asked(world) == []


def test_a_window_whose_app_is_not_up_closes() -> None:
    assert Desk(None).attempt()


def test_a_page_that_never_came_up_cannot_ask_so_the_window_closes(running: World) -> None:
    assert Desk(running.app).attempt()
    assert state(running) == "running"


def test_what_runs_is_asked_about_and_the_window_stays(running: World) -> None:
    desk = Desk(running.app)
    desk.closing.page_is_up()
    assert not desk.attempt()
    assert asked(running) == [WindowClosing(running=("v0.3.64",), operations=())]


def test_a_double_click_is_one_attempt(running: World) -> None:
    desk = Desk(running.app)
    desk.closing.page_is_up()
    assert not desk.attempt()
    desk.now += 0.3
    assert not desk.attempt()
    assert len(asked(running)) == 1


def test_a_second_attempt_before_the_answer_closes_and_keeps_what_runs(running: World) -> None:
    desk = Desk(running.app)
    desk.closing.page_is_up()
    desk.attempt()
    desk.now += ANSWER_SECONDS - 1
    assert desk.attempt()
    assert state(running) == "running"


def test_a_later_attempt_asks_again(running: World) -> None:
    desk = Desk(running.app)
    desk.closing.page_is_up()
    desk.attempt()
    desk.now += ANSWER_SECONDS + 1
    assert not desk.attempt()
    assert len(asked(running)) == 2


def test_who_answered_that_they_stay_is_asked_anew(running: World) -> None:
    desk = Desk(running.app)
    desk.closing.page_is_up()
    desk.attempt()
    desk.closing.page_is_up()
    desk.now += 5
    assert not desk.attempt()
    assert len(asked(running)) == 2


def test_the_answer_keep_leaves_it_running(running: World) -> None:
    desk = Desk(running.app)
    desk.closing.close("keep")
    assert desk.closed.wait(30)
    assert desk.closing.attempt()
    assert state(running) == "running"


def test_the_answer_stop_stops_it_before_the_window_closes(running: World) -> None:
    desk = Desk(running.app)
    desk.closing.close("stop")
    assert desk.closed.wait(60)
    assert state(running) != "running"


def test_a_setting_about_comfyuis_does_not_cancel_work_unasked(world: World) -> None:
    world.ask("settings.change", name="when_closing", value="keep")
    done = threading.Event()
    world.app.operations.submit(
        "versions.install", "v0.3.64", (Step("prepare", 1),), lambda _operation: _after(done)
    )
    desk = Desk(world.app)
    desk.closing.page_is_up()
    assert not desk.attempt()
    assert [len(question.operations) for question in asked(world)] == [1]
    done.set()


def _after(done: threading.Event) -> None:
    done.wait(30)


@pytest.mark.parametrize(("wish", "left"), [("keep", "running"), ("stop", "stopped")])
def test_who_has_set_what_they_want_is_not_asked(running: World, wish: str, left: str) -> None:
    running.ask("settings.change", name="when_closing", value=wish)
    desk = Desk(running.app)
    desk.closing.page_is_up()
    desk.closing.attempt()
    assert desk.closed.wait(60)
    assert asked(running) == []
    assert (state(running) == "running") is (left == "running")


def test_an_operation_of_this_process_is_asked_about(
    world: World, submit: Callable[[World], tuple[str, threading.Event]]
) -> None:
    operation_id, go_on = submit(world)
    desk = Desk(world.app)
    desk.closing.page_is_up()
    assert not desk.attempt()
    assert asked(world) == [WindowClosing(running=(), operations=(operation_id,))]
    go_on.set()


@pytest.fixture
def submit() -> Callable[[World], tuple[str, threading.Event]]:
    """Starts an operation that is at work until it is told to go on."""

    def start(world: World) -> tuple[str, threading.Event]:
        go_on = threading.Event()

        def work(_operation: Operation) -> None:
            go_on.wait(30)

        reference = world.app.operations.submit("test", "something", (), work)
        return reference.operation_id, go_on

    return start


def test_a_second_attempt_never_ends_work_that_the_page_asks_about(
    world: World, submit: Callable[[World], tuple[str, threading.Event]]
) -> None:
    _, go_on = submit(world)
    desk = Desk(world.app)
    desk.closing.page_is_up()
    desk.attempt()
    desk.now += ANSWER_SECONDS - 1
    assert not desk.attempt()
    assert len(asked(world)) == 2
    desk.page_listens = False
    desk.now += 2
    assert desk.attempt()
    go_on.set()


def test_a_page_that_has_used_up_its_calls_does_not_make_what_runs_look_like_nothing(
    running: World,
) -> None:
    desk = Desk(running.app)
    desk.closing.page_is_up()
    while isinstance(running.app.dispatcher.call("versions.list"), Success):
        pass
    assert not desk.attempt()
    assert asked(running) == [WindowClosing(running=("v0.3.64",), operations=())]


def test_where_it_cannot_be_found_out_what_runs_the_user_is_asked(running: World) -> None:
    records = (running.root / "launcher-data" / "metadata" / "versions").iterdir()
    contents = {record: record.read_bytes() for record in records}
    for record in contents:
        record.write_bytes(b"{")
    assert running.ask("versions.list").versions == ()
    desk = Desk(running.app)
    desk.closing.page_is_up()
    assert not desk.attempt()
    assert len(asked(running)) == 1
    for record, content in contents.items():
        record.write_bytes(content)


# --- A browser's window, which is gone before anybody can be asked --------------------------------


@dataclass
class Shown:
    """A window of a browser, as Closing sees it."""

    page_comes: bool = True
    is_open: bool = False
    opened: int = 0
    says_it_goes_on: threading.Event = field(default_factory=threading.Event)

    def come_back(self) -> bool:
        self.opened += 1
        self.is_open = self.page_comes
        return self.page_comes

    def is_there(self) -> bool:
        return self.is_open

    def goes_on(self) -> None:
        self.says_it_goes_on.set()


def test_a_browsers_window_that_is_closed_with_nothing_at_work_ends_the_launcher(
    world: World,
) -> None:
    desk, shown = Desk(world.app), Shown()
    desk.closing.gone(shown)
    assert desk.closed.is_set()
    assert shown.opened == 0


def test_a_browsers_window_comes_back_to_ask(running: World) -> None:
    desk, shown = Desk(running.app), Shown()
    desk.closing.gone(shown)
    assert (shown.opened, desk.closed.is_set()) == (1, False)
    assert asked(running) == [WindowClosing(running=("v0.3.64",), operations=())]
    shown.is_open = False
    desk.closing.gone(shown)
    assert (shown.opened, desk.closed.is_set()) == (1, True)
    assert state(running) == "running"


def test_who_has_set_what_they_want_sees_no_browsers_window_again(running: World) -> None:
    running.ask("settings.change", name="when_closing", value="stop")
    desk, shown = Desk(running.app), Shown()
    desk.closing.gone(shown)
    assert (shown.opened, desk.closed.is_set()) == (0, True)
    assert state(running) == "stopped"


def test_work_is_waited_for_when_nobody_answers_in_a_browsers_window(
    world: World, submit: Callable[[World], tuple[str, threading.Event]]
) -> None:
    operation_id, go_on = submit(world)
    desk, shown = Desk(world.app), Shown(page_comes=False)
    leaving = threading.Thread(target=desk.closing.gone, args=(shown,))
    leaving.start()
    assert shown.says_it_goes_on.wait(10)
    assert not desk.closed.wait(1)
    go_on.set()
    assert desk.closed.wait(10)
    leaving.join(10)
    assert world.app.operations.get(operation_id).state.value == "succeeded"


def test_a_window_that_is_opened_on_the_waiting_work_stays(
    world: World, submit: Callable[[World], tuple[str, threading.Event]]
) -> None:
    _, go_on = submit(world)
    desk, shown = Desk(world.app), Shown(page_comes=False)
    leaving = threading.Thread(target=desk.closing.gone, args=(shown,))
    leaving.start()
    assert shown.says_it_goes_on.wait(10)
    shown.is_open = True
    leaving.join(10)
    assert not desk.closed.is_set()
    go_on.set()
