"""What ipywidgets leaves unsaid to those who hear a page."""

import html

import ipywidgets as widgets

# A slider's handle gets the name of its row, a button that has more to say than
# stands on it says that, and of a choice among buttons the pressed one is told.
TELL = """
const figure = this.closest('.softmax-lab-live');
const tell = () => {
  for (const handle of figure.querySelectorAll('.noUi-handle')) {
    const row = handle.closest('.softmax-lab-row');
    handle.setAttribute('aria-label', row.querySelector('label').textContent);
  }
  for (const button of figure.querySelectorAll('button[title]')) {
    const more = button.title.startsWith(button.textContent);
    if (more && button.textContent) button.setAttribute('aria-label', button.title);
  }
  for (const group of figure.querySelectorAll('.widget-toggle-buttons')) {
    group.setAttribute('role', 'group');
    group.setAttribute('aria-label', group.querySelector('label').textContent);
  }
  for (const button of figure.querySelectorAll('.widget-toggle-button'))
    button.setAttribute('aria-pressed', button.classList.contains('mod-active'));
};
new MutationObserver(tell).observe(
  figure, {childList: true, subtree: true, attributeFilter: ['class']});
tell();
"""

# What held the focus goes when its button has done its work: then the box around
# it takes the focus, and the keyboard goes on from there.
KEEP = """
const box = this.closest('.widget-vbox');
box.tabIndex = -1;
box.setAttribute('role', 'group');
box.setAttribute('aria-label', 'question');
let last = null;
box.addEventListener('focusin', event => { last = event.target; });
new MutationObserver(() => {
  const lost = last && !last.isConnected && document.activeElement === document.body;
  if (lost) box.focus({preventScroll: true});
}).observe(box, {childList: true, subtree: true});
"""


def names():
    """Return a widget that is not seen and names the controls around it.

    It belongs into a widget of the class `softmax-lab-live`, whose sliders stand
    in rows of the class `softmax-lab-row`. ipywidgets 8 has no trait for these
    attributes; where a page runs no script of a widget, all else works.
    """
    return unseen(TELL)


def keeper():
    """Return a widget that is not seen and keeps the focus in the box around it."""
    return unseen(KEEP)


def unseen(script):
    """A widget that runs a script in the page as soon as it is there."""
    style = f'<style onload="{html.escape(script)}"></style>'
    return widgets.HTML(style, layout={"display": "none"})
