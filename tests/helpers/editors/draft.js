// Draft.js, as older EHR front ends have it.

import { createElement as h, useState } from "react";
import { createRoot } from "react-dom/client";

globalThis.global = globalThis; // as bundlers of its time did
const { default: Draft } = await import("draft-js");
const { ContentState, Editor, EditorState } = Draft;

function Note() {
  const [state, setState] = useState(() =>
    EditorState.createWithContent(ContentState.createFromText("Seen today.\n"))
  );
  globalThis.editor = {
    text: () => state.getCurrentContent().getPlainText(),
    undo: () => setState(EditorState.undo(state)),
  };
  return h("note-complete", null, h(Editor, { editorState: state, onChange: setState }));
}

createRoot(document.querySelector("#root")).render(h(Note));
