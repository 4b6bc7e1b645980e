import { encode } from 'uqr'

/** A QR code as a picture made of one path: dark squares of size 1, with a quiet zone around them. */
export interface QrPicture {
  readonly size: number
  readonly path: string
}

const QUIET_ZONE = 4

/** Draws the QR code of a text (ISO/IEC 18004, error correction level M). */
export function drawQr(text: string): QrPicture {
  const { data, size } = encode(text, { ecc: 'M', border: QUIET_ZONE })
  const squares = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])))
  return { size, path: squares.join('') }
}
