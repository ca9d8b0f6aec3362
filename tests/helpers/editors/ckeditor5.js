// CKEditor 5.

import { ClassicEditor, Essentials, Paragraph } from "ckeditor5";

const place = document.createElement("div");
const around = document.createElement("note-complete");
around.append(place);
document.querySelector("#root").append(around);
const made = await ClassicEditor.create(place, {
  licenseKey: "GPL",
  plugins: [Essentials, Paragraph],
  initialData: "<p>Seen today.</p><p></p>",
});
globalThis.editor = {
  text: () => [...made.model.document.getRoot().getChildren()]
    .map((block) => [...block.getChildren()].map(({ data }) => data).join("")).join("\n"),
  undo: () => made.execute("undo"),
};
