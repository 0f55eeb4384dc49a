// A sheet of paper to draw on: with a mouse, a finger, a pen, or the keyboard.
//
// Everything is drawn here at once, whatever the kernel is busy with.  What the
// kernel gets to know is the list of strokes, each a list of [x, y] from 0 to 1,
// when a stroke ends.

const SIDE = 240; // pixels on the screen
const SHARP = 2; // pixels of the drawing for each of these
const STEP = 0.04; // how far an arrow key moves the pen
const MOST = 400; // points in a stroke, so that a message stays small

function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "tlhelpers-pad";
  // JupyterLab would take arrow keys and the space bar for its own.
  root.setAttribute("data-lm-suppress-shortcuts", "true");
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE * SHARP;
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", model.get("label"));
  canvas.title = model.get("label");
  const said = document.createElement("div");
  said.className = "tlhelpers-pad-said";
  said.setAttribute("role", "status");
  root.append(canvas, said);
  el.append(root);

  const paper = canvas.getContext("2d");
  let strokes = copy(model.get("strokes"));
  let current = null; // the stroke that is being drawn
  let pen = [0.5, 0.2]; // where the keyboard's pen is
  let down = false; // whether the keyboard's pen is on the paper
  let timer = null;

  function copy(list) {
    return JSON.parse(JSON.stringify(list));
  }

  function draw() {
    const size = SIDE * SHARP;
    paper.fillStyle = "#ffffff";
    paper.fillRect(0, 0, size, size);
    paper.strokeStyle = paper.fillStyle = "#000000";
    paper.lineWidth = 0.07 * size;
    paper.lineCap = paper.lineJoin = "round";
    for (const stroke of current ? [...strokes, current] : strokes) {
      if (stroke.length === 0) continue;
      paper.beginPath();
      paper.moveTo(stroke[0][0] * size, stroke[0][1] * size);
      // A single point is a line to itself, which round ends make visible.
      for (const [x, y] of stroke.length > 1 ? stroke : [stroke[0], stroke[0]]) {
        paper.lineTo(x * size, y * size);
      }
      paper.stroke();
    }
    if (document.activeElement === canvas && canvas.matches(":focus-visible")) {
      paper.lineWidth = 2 * SHARP;
      paper.strokeStyle = down ? "#D55E00" : "#0072B2";
      paper.beginPath();
      paper.arc(pen[0] * size, pen[1] * size, 0.05 * size, 0, 7);
      paper.moveTo((pen[0] - 0.08) * size, pen[1] * size);
      paper.lineTo((pen[0] + 0.08) * size, pen[1] * size);
      paper.moveTo(pen[0] * size, (pen[1] - 0.08) * size);
      paper.lineTo(pen[0] * size, (pen[1] + 0.08) * size);
      paper.stroke();
    }
  }

  function send(list) {
    clearTimeout(timer);
    model.set("strokes", copy(list));
    model.save_changes();
  }

  function begin(point) {
    if (model.get("done")) change([]);
    current = [point];
  }

  // What is changed is a drawing of one's own again.
  function change(list) {
    strokes = list;
    model.set("done", false);
  }

  function finish() {
    if (current && current.length) strokes.push(current);
    current = null;
    send(strokes);
    draw();
  }

  function place(event) {
    const box = canvas.getBoundingClientRect();
    const inside = (value) => Math.round(1000 * Math.min(1, Math.max(0, value))) / 1000;
    return [
      inside((event.clientX - box.left) / box.width),
      inside((event.clientY - box.top) / box.height),
    ];
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || current) return; // a second finger draws nothing
    event.preventDefault();
    canvas.focus({ preventScroll: true, focusVisible: false });
    canvas.setPointerCapture(event.pointerId);
    down = false;
    begin(place(event));
    draw();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!current || down || current.length >= MOST) return;
    const [x, y] = place(event);
    const [a, b] = current[current.length - 1];
    if (Math.hypot(x - a, y - b) < 0.008) return;
    current.push([x, y]);
    draw();
  });
  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, () => {
      if (current && !down) finish();
    });
  }

  const moves = {
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, -1],
    ArrowDown: [0, 1],
    Home: [-1, -1],
    PageUp: [1, -1],
    End: [-1, 1],
    PageDown: [1, 1],
  };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (moves[event.key]) {
      const step = event.shiftKey ? STEP / 4 : STEP;
      pen = pen.map((value, i) => {
        const moved = Math.min(1, Math.max(0, value + step * moves[event.key][i]));
        return Math.round(1000 * moved) / 1000;
      });
      if (down && current.length < MOST) {
        current.push([...pen]);
        clearTimeout(timer); // the answer follows when the keys rest
        timer = setTimeout(() => current && send([...strokes, current]), 300);
      }
    } else if (event.key === " ") {
      down = !down;
      if (down) begin([...pen]);
      else finish();
      said.textContent = down ? "pen down" : "pen up";
    } else if (event.key === "Backspace") {
      if (down) current = null;
      else change(strokes.slice(0, -1));
      down = false;
      send(strokes);
      said.textContent = "last stroke taken back";
    } else if (event.key === "Delete") {
      change([]);
      current = null;
      down = false;
      send(strokes);
      said.textContent = "cleared";
    } else {
      return; // Tab goes on to the buttons
    }
    event.preventDefault();
    event.stopPropagation();
    draw();
  });
  canvas.addEventListener("focus", draw);
  canvas.addEventListener("blur", () => {
    if (down) {
      down = false;
      finish();
    }
    draw();
  });

  const changed = () => {
    const now = model.get("strokes");
    const mine = current ? [...strokes, current] : strokes;
    if (JSON.stringify(now) === JSON.stringify(mine)) return;
    strokes = copy(now); // somebody pressed a button
    current = null;
    down = false;
    draw();
  };
  model.on("change:strokes", changed);
  draw();
  return () => {
    clearTimeout(timer);
    model.off("change:strokes", changed);
  };
}

export default { render };
