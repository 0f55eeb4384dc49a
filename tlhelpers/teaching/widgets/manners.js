// What this is for stands in manners.py.
let groups = 0;

function set(node, name, value) {
  if (node && value && node.getAttribute(name) !== value) node.setAttribute(name, value);
}

function text(node, selector) {
  return node.querySelector(selector)?.textContent.trim();
}

function mend(box) {
  for (const field of box.querySelectorAll(".widget-radio")) {
    const choices = field.querySelector(".widget-radio-box");
    set(choices, "role", "radiogroup");
    set(choices, "aria-label", text(field, ".widget-label"));
    field.dataset.group ||= `tl-choices-${++groups}`;
    for (const radio of choices.querySelectorAll("input")) {
      set(radio, "name", field.dataset.group); // one name: arrow keys move among them
    }
  }
  for (const field of box.querySelectorAll(".widget-slider")) {
    const handle = field.querySelector("[role=slider]");
    set(handle, "aria-label", text(field, ".widget-label"));
    set(handle, "aria-valuetext", text(field, ".widget-readout"));
    const off = field.querySelector(".noUi-target")?.hasAttribute("disabled");
    set(handle, "aria-disabled", String(Boolean(off)));
    const number = field.querySelector(".widget-readout[contenteditable=true]"); // to type into
    if (field.classList.contains("tl-choice")) {
      set(number, "contenteditable", "false"); // nobody reads what is typed there
      continue;
    }
    set(number, "role", "textbox");
    set(number, "aria-label", text(field, ".widget-label"));
  }
  for (const words of box.querySelectorAll(".tl-read-out > .widget-html-content")) {
    set(words, "role", "status");
    set(words, "aria-live", "polite");
  }
}

function render({ el }) {
  let box = null;
  let last = null; // what has the focus in the box, or had it when it went out of use
  const changes = new MutationObserver(() => {
    mend(box);
    const lost = document.activeElement === document.body;
    if (lost && last?.disabled === false) last.focus({ preventScroll: true });
  });
  const remember = ({ target }) => (last = box?.contains(target) ? target : null);
  const start = () => {
    box = el.closest(".tl-box");
    if (!box) return;
    mend(box);
    const what = { subtree: true, childList: true, characterData: true, attributes: true };
    const names = ["aria-valuetext", "class", "contenteditable", "disabled"];
    changes.observe(box, { ...what, attributeFilter: names });
  };
  const arrival = new MutationObserver(() => {
    if (!box) start();
    if (box) arrival.disconnect();
  });
  arrival.observe(document.body, { subtree: true, childList: true });
  start();
  // JupyterLab listens at the document; the window comes before it.  Plain keys
  // are the field's own, Ctrl+S and its like stay JupyterLab's.
  const keep = ({ target, key, ctrlKey, metaKey, altKey }) => {
    if (!box?.contains(target)) return;
    target.toggleAttribute("data-lm-suppress-shortcuts", !(ctrlKey || metaKey || altKey));
    if (key === "Escape") box.closest(".jp-Cell")?.focus(); // out, as from a cell's code
  };
  const heard = { keydown: keep, focusin: remember, pointerdown: remember };
  for (const [name, what] of Object.entries(heard)) window.addEventListener(name, what, true);
  return () => {
    for (const [name, what] of Object.entries(heard)) window.removeEventListener(name, what, true);
    arrival.disconnect();
    changes.disconnect();
  };
}

export default { render };
