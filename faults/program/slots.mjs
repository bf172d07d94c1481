// A file with a line for each effect, far enough from the next for two of them to be merged: what everybody changes at once.

export const slotsPath = "shared/slots.txt";

export function slotName(index) {
  return String(index).padStart(4, "0");
}

/** @param taken slot to the ID of who has it */
export function slotsText(count, taken = new Map()) {
  const lines = Array.from({ length: count }, (_, index) => {
    const name = slotName(index);
    return `slot ${name}: ${taken.get(name) ?? "free"}\n${["a", "b", "c"].map((line) => `  ${name} ${line}\n`).join("")}`;
  });
  return lines.join("");
}
