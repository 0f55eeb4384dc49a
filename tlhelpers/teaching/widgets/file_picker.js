// A button that lets a learner choose files, and sends them to the kernel.
//
// A Jupyter server takes messages of 10 MB and ends the connection at a larger one.
// So files go in parts, each when the kernel has written the part before.

const PART = 2 * 2 ** 20; // bytes
const SLOW = 3000; // milliseconds until it is said that the kernel is busy

function render({ model, el }) {
  const button = document.createElement("button");
  button.className = "jupyter-widgets jupyter-button widget-button";
  button.style.width = "12em";
  button.textContent = model.get("description");
  button.title = model.get("tooltip");
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.hidden = true;
  input.accept = model.get("accept");
  const said = document.createElement("span");
  said.style.cssText = "margin-left: 8px; color: var(--jp-content-font-color1, inherit)";
  el.append(button, input, said);

  let busy = false;
  let answered = null; // what to do when the kernel has answered
  const show = (text) => (said.textContent = text);
  const heard = (message) => answered?.(message);
  model.on("msg:custom", heard);

  // Send one message, and return the answer to it.
  function ask(doing, content, buffers) {
    return new Promise((resolve) => {
      show(doing);
      const wait = () => show(`${doing} (waiting for the kernel: is it busy?)`);
      const timer = setTimeout(wait, SLOW);
      answered = (message) => {
        if (message.id !== content.id) return; // it was meant for another view
        clearTimeout(timer);
        answered = null;
        resolve(message);
      };
      model.send(content, undefined, buffers);
    });
  }

  async function send(file, id, which) {
    let at = 0;
    do {
      const doing = `Sending ${which}: ${file.name}, ${Math.floor((100 * at) / (file.size || 1))}%`;
      let part;
      try {
        part = await file.slice(at, at + PART).arrayBuffer();
      } catch (error) {
        await ask(doing, { what: "unreadable", id, name: file.name, why: error.name });
        return;
      }
      const what = { what: "part", id, name: file.name, size: file.size, at };
      const { goes } = await ask(doing, what, [part]);
      if (!goes) return;
      at += PART;
    } while (at < file.size);
  }

  async function sendAll(files) {
    const start = `${Date.now()}-${Math.random()}`;
    for (const [number, file] of files.entries()) {
      await send(file, `${start}-${number}`, `${number + 1} of ${files.length}`);
    }
    await ask("Sent", { what: "end", id: start });
    show("");
  }

  button.addEventListener("click", () => {
    if (!busy) input.click();
  });
  input.addEventListener("change", async () => {
    const files = [...input.files];
    input.value = ""; // so that the same files can be chosen again
    busy = true;
    try {
      if (files.length) await sendAll(files);
    } finally {
      busy = false;
    }
  });
  return () => model.off("msg:custom", heard);
}

export default { render };
