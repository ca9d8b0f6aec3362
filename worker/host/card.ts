/** The export's model card as HTML, for the page that shows it. */

import { Marked } from "marked";

/** Markdown between the card's YAML header and its end. HTML within it is shown, not obeyed. */
export function cardHtml(card: string): string {
  const markdown = card.replace(/^---\n.*?\n---\n/s, "");
  const marked = new Marked({
    async: false,
    gfm: true,
    renderer: {
      html: ({ text }) => escaped(text),
      link({ href, tokens }) {
        const text = this.parser.parseInline(tokens);
        return /^https:\/\//.test(href)
          ? `<a href="${escaped(href)}" rel="noreferrer">${text}</a>`
          : text;
      },
      image: ({ text }) => escaped(text),
    },
  });
  return marked.parse(markdown) as string;
}

const escaped = (text: string) =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
