"""Goals: they tick themselves, stay ticked, and can be given up."""

import pytest

from softmax_lab import live
from softmax_lab.base import store
from softmax_lab.figures import goals as module

pytestmark = pytest.mark.usefixtures("learner")


def draw(ax, height=1.0, kind="a"):
    ax.bar([0], [height])


def figure(**conditions):
    return live(draw, height=(0.0, 2.0), kind=["a", "b"], goals=conditions)


def lines(shown):
    return [line.value for line in shown.goals._lines.values()]


def test_a_goal_ticks_itself_when_its_condition_holds():
    shown = figure(
        **{"go <high>": lambda height: height >= 1.5, "b": lambda kind: kind == "b"}
    )
    assert [("○" in line) for line in lines(shown)] == [True, True]
    assert "go &lt;high&gt;" in lines(shown)[0]
    shown.set(height=1.6)
    assert ["✓" in line for line in lines(shown)] == [True, False]
    shown.set(height=0.0)  # it stays ticked
    assert shown.goals.reached == {"go <high>"}
    shown.set(kind="b")
    assert shown.goals.reached == {"go <high>", "b"}


def test_a_slider_ticks_it_as_well():
    shown = figure(up=lambda height: height > 1.5)
    shown.controls["height"].value = 1.9  # outside a notebook it draws at once
    assert shown.goals.reached == {"up"}


def test_goals_stay_reached_in_the_next_kernel():
    figure(up=lambda height: height > 1.5).set(height=2.0)
    store.STORES.clear()
    assert "✓ up" in lines(figure(up=lambda height: height > 1.5))[0]
    assert len(store.recall("goal", "up")) == 1


def test_giving_up_is_right_only_where_it_cannot_be_done():
    shown = figure(far=lambda height: height > 3, near=lambda height: height > 1.5)
    assert shown.goals.impossible == {"far"}
    far, near = shown.goals._buttons.values()
    near.click()
    assert "○ near It can be done" in lines(shown)[1]
    far.click()
    assert "✓ far Right, it cannot" in lines(shown)[0]
    assert shown.goals.reached == {"far"}
    shown.set(height=1.6)
    near.click()
    assert "✓ near<" in lines(shown)[1]


def test_no_button_gives_away_that_all_can_be_done():
    assert figure(up=lambda height: height > 1.5).goals._buttons == {}


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only when told."""
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])

    def wait(seconds):
        now[0] += seconds

    return wait


def test_moves_are_counted_as_a_person_counts_them(clock):
    shown = figure(top=lambda height, moves: height == 2.0 and moves <= 2)
    slider, kind = shown.controls["height"], shown.controls["kind"]
    for place in range(5):  # a drag
        slider.value = place / 10
        clock(0.1)
    assert shown.goals.moves == 1
    kind.value = "b"
    assert shown.goals.moves == 2
    slider.value = 1.0
    assert shown.goals.moves == 3
    clock(2)
    slider.value = 2.0
    assert shown.goals.moves == 4
    assert shown.goals.reached == set()  # too many
    shown._on_reset()
    assert shown.goals.moves == 0
    clock(2)
    slider.value = 2.0
    assert shown.goals.reached == {"top"}


def test_a_goal_that_makes_no_sense_is_named():
    with pytest.raises(ValueError, match="goal 'up': the condition asks for 'width'"):
        figure(up=lambda width: True)
    with pytest.raises(TypeError, match="goal 'up': the condition 3 is no function"):
        figure(up=3)


def test_the_stored_text_lists_the_goals_open():
    shown = figure(up=lambda height: height > 1.5)
    shown.set(height=2.0)
    assert shown._repr_mimebundle_()["text/plain"].endswith("\n○ up")
