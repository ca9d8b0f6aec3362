// Lexical.

import { $createParagraphNode, $createTextNode, $getRoot, createEditor, UNDO_COMMAND } from "lexical";
import { createEmptyHistoryState, registerHistory } from "@lexical/history";
import { registerRichText } from "@lexical/rich-text";

const around = document.createElement("note-complete");
const place = document.createElement("div");
place.contentEditable = "true";
around.append(place);
document.querySelector("#root").append(around);
const made = createEditor({ onError: (error) => { throw error; } });
made.setRootElement(place);
registerRichText(made);
registerHistory(made, createEmptyHistoryState(), 300);
made.update(() => {
  const first = $createParagraphNode().append($createTextNode("Seen today."));
  $getRoot().clear().append(first, $createParagraphNode());
});
globalThis.editor = {
  text: () => made.getEditorState().read(() => $getRoot().getTextContent().replace(/\n+/g, "\n")),
  undo: () => made.dispatchCommand(UNDO_COMMAND, undefined),
};
