// TinyMCE: the field is the body of a frame.

import tinymce from "tinymce";
import "tinymce/models/dom/model.js";
import "tinymce/themes/silver/theme.js";
import "tinymce/icons/default/icons.js";
import { attach } from "/plugin.js";

const place = document.createElement("textarea");
document.querySelector("#root").append(place);
const [made] = await tinymce.init({
  target: place,
  license_key: "gpl",
  promotion: false,
  skin: false,
  content_css: false,
  init_instance_callback: (editor) => editor.setContent("<p>Seen today.</p><p></p>"),
});
globalThis.tinymce = tinymce;
const before = made.getContent();
attach(made.getBody(), { endpoint: location.origin, debounce: 0 });
globalThis.editor = {
  before,
  made,
  html: () => made.getContent(),
  text: () => made.getContent({ format: "text" }).replace(/\n+/g, "\n"),
  undo: () => made.undoManager.undo(),
};
