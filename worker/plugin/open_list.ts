/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/** Pixels between a field's caret line and a list that belongs to it. */
const NEAR = 40;

/** Whether `field` says that a list of the page's own is open, which has the first claim to its keys. */
export function saysListOpen(field: HTMLElement): boolean {
  const { activeElement } = field.ownerDocument;
  return [field, activeElement, field.closest("[role=combobox]")].some((element) =>
    element?.getAttribute("aria-expanded") === "true" ||
    element?.getAttribute("aria-activedescendant")
  );
}

/** Whether a list floats at `field`, whose attributes say nothing of it. */
export function hasListOpen(field: HTMLElement): boolean {
  const place = field.getBoundingClientRect();
  const lists = field.ownerDocument.querySelectorAll<HTMLElement>("[role=listbox], [role=menu]");
  return [...lists].some((list) => {
    const positions = [list, list.offsetParent ?? list].map((part) =>
      getComputedStyle(part).position
    );
    const box = list.getBoundingClientRect();
    return positions.some((position) => /absolute|fixed/.test(position)) &&
      !list.contains(field) && list.checkVisibility?.() !== false && box.height > 0 &&
      box.top < place.bottom + NEAR && box.bottom > place.top - NEAR &&
      box.left < place.right && box.right > place.left;
  });
}
