// A JSON text, most of it Chinese, as the bytes to send. As a string it would be measured, joined with the headers,
// copied and only then encoded; here it is encoded once, into an existing buffer, and copied from there.

/** At most three bytes a UTF-16 unit: answers of up to 1 MB, which are nearly all. */
const room = Buffer.allocUnsafeSlow(1024 * 1024);
const NEWLINE = 0x0a;
/** Shorter texts are sent in one piece with their headers, as a string. */
const SHORT = 2048;

/** @returns the text and a newline after it: in UTF-8, or as a string where that costs less */
export function answerBytes(text: string): Buffer | string {
  if (text.length < SHORT) return `${text}\n`;
  if (3 * text.length >= room.length) return Buffer.from(`${text}\n`);
  const length = room.write(text);
  room[length] = NEWLINE;
  return Buffer.from(room.subarray(0, length + 1));
}
