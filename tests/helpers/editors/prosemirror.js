// ProseMirror.

import { baseKeymap } from "prosemirror-commands";
import { closeHistory, history, undo } from "prosemirror-history";
import { keymap } from "prosemirror-keymap";
import { DOMParser } from "prosemirror-model";
import { schema } from "prosemirror-schema-basic";
import { EditorState } from "prosemirror-state";
import { EditorView } from "prosemirror-view";

const around = document.createElement("note-complete");
document.querySelector("#root").append(around);
const content = document.createElement("div");
for (const text of ["Seen today.", ""]) {
  content.append(Object.assign(document.createElement("p"), { textContent: text }));
}
const view = new EditorView(around, {
  state: EditorState.create({
    doc: DOMParser.fromSchema(schema).parse(content),
    plugins: [history(), keymap({ "Mod-z": undo }), keymap(baseKeymap)],
  }),
});
around.beforeInsert = () => view.dispatch(closeHistory(view.state.tr));
globalThis.editor = {
  text: () => view.state.doc.textBetween(0, view.state.doc.content.size, "\n"),
  undo: () => undo(view.state, view.dispatch),
};
