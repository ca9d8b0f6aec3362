// tiptap.

import { Editor } from "@tiptap/core";
import StarterKit from "@tiptap/starter-kit";

const around = document.createElement("note-complete");
const place = document.createElement("div");
around.append(place);
document.querySelector("#root").append(around);
const made = new Editor({ element: place, extensions: [StarterKit], content: "<p>Seen today.</p><p></p>" });
globalThis.editor = {
  text: () => made.getText({ blockSeparator: "\n" }),
  undo: () => made.commands.undo(),
};
