// Quill.

import Quill from "quill";

globalThis.Quill = Quill;
const around = document.createElement("note-complete");
const place = document.createElement("div");
around.append(place);
document.querySelector("#root").append(around);
const made = new Quill(place, { theme: "", modules: { toolbar: false } });
made.setText("Seen today.\n\n");
globalThis.editor = {
  text: () => made.getText().replace(/\n$/, ""),
  undo: () => made.history.undo(),
};
