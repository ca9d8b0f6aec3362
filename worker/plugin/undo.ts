/// <reference lib="dom" />

/**
 * Editors with a history of their own put what is typed in quick succession into one step of it.
 * Where the page shows the editor, the step is closed first, so that one undo takes back the
 * suggestion alone; elsewhere `beforeInsert` is the page's own way to do so.
 */

// deno-lint-ignore no-explicit-any
type Known = any;

/** Closes the current step of the history of the editor in `element`, if it is a known one. */
export function closeUndoStep(element: HTMLElement): void {
  const { editor, ckeditorInstance } = element as Known;
  // TinyMCE is around the frame whose body it edits. A page of another origin keeps its names.
  const page = element.ownerDocument.defaultView as Known;
  const closing = [
    // tiptap: the transaction that prosemirror-history's closeHistory makes.
    () => editor.view.dispatch(editor.view.state.tr.setMeta("closeHistory$", true)),
    // CKEditor 5
    () => ckeditorInstance.commands.get("insertText").buffer._reset(true),
    () => page.Quill.find(element.parentElement).history.cutoff(),
    () =>
      page.parent.tinymce.get().find((one: Known) => one.getBody() === element).undoManager.add(),
  ];
  for (const close of closing) {
    try {
      close();
    } catch {
      // Another editor, or one that works otherwise by now.
    }
  }
}
