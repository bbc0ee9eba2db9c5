// @ts-check
/**
 * The tangent plane in closed form (Calabretta and Greisen 2002, A&A 395, 1077), and positions in words.
 *
 * @typedef {{crval: [number, number], crpix: [number, number], cd: [[number, number], [number, number]],
 *   frame: string, projection: string, exact: boolean}} Placement
 */

const DEG = Math.PI / 180;

/** Pixels (0-based, the centre of a pixel is a whole number) to RA and Dec in degrees, and back. */
export class TangentPlane {
  /** @param {Placement} placement */
  constructor(placement) {
    this.placement = placement;
    this.ra0 = placement.crval[0] * DEG;
    this.sin0 = Math.sin(placement.crval[1] * DEG);
    this.cos0 = Math.cos(placement.crval[1] * DEG);
    const [[a, b], [c, d]] = placement.cd;
    const area = a * d - b * c;
    this.inverse = [d / area, -b / area, -c / area, a / area];
    this.scale = Math.sqrt(Math.abs(area));
    this.parity = Math.sign(-area) || 1;
  }

  /**
   * @param {number} x
   * @param {number} y
   * @returns {[number, number]} degrees
   */
  toSky(x, y) {
    const { crpix, cd } = this.placement;
    const p = x + 1 - crpix[0];
    const q = y + 1 - crpix[1];
    const xi = (cd[0][0] * p + cd[0][1] * q) * DEG;
    const eta = (cd[1][0] * p + cd[1][1] * q) * DEG;
    const depth = this.cos0 - eta * this.sin0;
    const ra = this.ra0 + Math.atan2(xi, depth);
    const dec = Math.atan2(this.sin0 + eta * this.cos0, Math.hypot(xi, depth));
    return [(((ra / DEG) % 360) + 360) % 360, dec / DEG];
  }

  /**
   * @param {number} ra
   * @param {number} dec
   * @returns {[number, number] | null} pixels; null on the other side of the sky
   */
  toPixel(ra, dec) {
    const turn = ra * DEG - this.ra0;
    const sin = Math.sin(dec * DEG);
    const cos = Math.cos(dec * DEG);
    const depth = sin * this.sin0 + cos * this.cos0 * Math.cos(turn);
    if (depth <= 1e-6) return null;
    const xi = (cos * Math.sin(turn)) / depth / DEG;
    const eta = (sin * this.cos0 - cos * this.sin0 * Math.cos(turn)) / depth / DEG;
    const [a, b, c, d] = this.inverse;
    const { crpix } = this.placement;
    return [a * xi + b * eta + crpix[0] - 1, c * xi + d * eta + crpix[1] - 1];
  }

  /**
   * Direction of north in the image at a pixel, as radians from its rows' up, clockwise on the screen; and of east.
   * @param {number} x
   * @param {number} y
   * @returns {{north: [number, number], east: [number, number]}} unit vectors in pixels
   */
  compass(x, y) {
    const [ra, dec] = this.toSky(x, y);
    const step = Math.max(this.scale * 4, 1e-7);
    const up = this.toPixel(ra, Math.min(dec + step, 89.9999)) || [x, y + 1];
    const left = this.toPixel(ra + step / Math.max(Math.cos(dec * DEG), 1e-6), dec) || [x - 1, y];
    return { north: unit(up[0] - x, up[1] - y), east: unit(left[0] - x, left[1] - y) };
  }
}

/**
 * @param {number} x
 * @param {number} y
 * @returns {[number, number]}
 */
function unit(x, y) {
  const length = Math.hypot(x, y) || 1;
  return [x / length, y / length];
}

/**
 * @param {number} ra  degrees
 * @param {number} [digits]  of a second
 * @returns {string} as 10h00m27.12s
 */
export function hours(ra, digits = 3) {
  return sexagesimal(ra / 15, ["h", "m", "s"], digits);
}

/**
 * @param {number} dec  degrees
 * @param {number} [digits]  of an arcsecond
 * @returns {string} as +02°12′00.0″
 */
export function degrees(dec, digits = 2) {
  return (dec < 0 ? "−" : "+") + sexagesimal(Math.abs(dec), ["°", "′", "″"], digits);
}

/**
 * @param {number} value
 * @param {[string, string, string]} signs
 * @param {number} digits
 */
function sexagesimal(value, signs, digits) {
  const factor = 10 ** digits;
  let ticks = Math.round(value * 3600 * factor);
  const seconds = ticks % (60 * factor);
  ticks = (ticks - seconds) / (60 * factor);
  const minutes = ticks % 60;
  const whole = (ticks - minutes) / 60;
  const width = digits ? digits + 3 : 2;
  return `${pad(whole)}${signs[0]}${pad(minutes)}${signs[1]}${(seconds / factor).toFixed(digits).padStart(width, "0")}${signs[2]}`;
}

/** @param {number} value */
const pad = (value) => String(value).padStart(2, "0");

/**
 * @param {number} deg
 * @returns {string} an angle in the unit that fits it
 */
export function angle(deg) {
  if (deg >= 1) return `${trim(deg)}°`;
  return deg * 60 >= 1 ? `${trim(deg * 60)}′` : `${trim(deg * 3600)}″`;
}

/** @param {number} value */
const trim = (value) => String(Number(value.toPrecision(3)));

/**
 * Read a position: degrees, or hours, minutes and seconds with degrees.
 * @param {string} text
 * @returns {[number, number] | null}
 */
export function parsePosition(text) {
  const words = text.trim().replace(/[,;]/g, " ").replace(/[−–]/g, "-");
  const plain = words.match(/^([+-]?\d+(?:\.\d*)?)°?d?\s+([+-]?\d+(?:\.\d*)?)°?d?$/);
  if (plain) return valid(Number(plain[1]), Number(plain[2]));
  const parts = words.match(
    /^(\d+)[h:\s]\s*(\d+)[m:\s]\s*(\d+(?:\.\d*)?)s?\s+([+-]?)(\d+)[d°:\s]\s*(\d+)[m'′:\s]\s*(\d+(?:\.\d*)?)["″s]?$/,
  );
  if (!parts) return null;
  const ra = 15 * (Number(parts[1]) + Number(parts[2]) / 60 + Number(parts[3]) / 3600);
  const dec = Number(parts[5]) + Number(parts[6]) / 60 + Number(parts[7]) / 3600;
  return valid(ra, parts[4] === "-" ? -dec : dec);
}

/**
 * @param {number} ra
 * @param {number} dec
 * @returns {[number, number] | null}
 */
function valid(ra, dec) {
  return ra >= 0 && ra < 360 && Math.abs(dec) <= 90 ? [ra, dec] : null;
}
