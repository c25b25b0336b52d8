import { act } from "@testing-library/preact";

type Field = HTMLInputElement | HTMLSelectElement;

function send(element: Element, event: Event): void {
  act(() => {
    element.dispatchEvent(event);
  });
}

/** Chooses or types a value, as a browser tells of it: at each step, and when it is settled. */
export function enter(field: Element, value: string): void {
  (field as Field).value = value;
  send(field, new Event("input", { bubbles: true }));
  send(field, new Event("change", { bubbles: true }));
}

export function doubleClick(element: Element): void {
  send(element, new MouseEvent("dblclick", { bubbles: true }));
}

/** Sends the form that the field is in. */
export function submit(field: Element): void {
  send(field.closest("form")!, new SubmitEvent("submit", { bubbles: true, cancelable: true }));
}
