/**
 * Text from data, file names or other processes, safe for a terminal: control characters (C0, C1, DEL) and those that
 * change the direction of writing become dots, lone surrogates the replacement character.
 */
export function plainText(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, '·');
}
