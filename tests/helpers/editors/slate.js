// Slate with React: a document of its own, rendered into the page.

import { createElement as h, useMemo } from "react";
import { createRoot } from "react-dom/client";
import { createEditor, Node } from "slate";
import { HistoryEditor, withHistory } from "slate-history";
import { Editable, Slate, withReact } from "slate-react";

const paragraph = (text) => ({ type: "paragraph", children: [{ text }] });

function Note() {
  const editor = useMemo(() => withHistory(withReact(createEditor())), []);
  globalThis.editor = {
    text: () => editor.children.map((node) => Node.string(node)).join("\n"),
    undo: () => editor.undo(),
  };
  const closeStep = (element) => {
    if (element) element.beforeInsert = () => HistoryEditor.setSplittingOnce(editor, true);
  };
  return h(
    Slate,
    { editor, initialValue: [paragraph("Seen today."), paragraph("")] },
    h("note-complete", { ref: closeStep }, h(Editable, { id: "note" })),
  );
}

createRoot(document.querySelector("#root")).render(h(Note));
