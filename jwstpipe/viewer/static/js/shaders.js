// @ts-check
/**
 * The drawing of one tile: the renderer's own steps (jwstpipe/render/pixels), pixel by pixel, on 16-bit samples and
 * their quarters.
 *
 * Every stretch is a table of 65,536 entries with straight lines between them, so that there is no formula of a curve here.
 */

export const MOST = 16;

export const VERTEX = `#version 300 es
in vec2 corner;
uniform vec4 place;      // left, bottom, width, height of the quad: pixels of the image, from the middle of the view
uniform vec4 cut;        // the same of the part of the texture, in its pixels
uniform vec2 turn;       // cosine and sine
uniform vec3 screen;     // width, height, scale
out vec2 at;
void main() {
  vec2 d = (place.xy + corner * place.zw) * screen.z;
  vec2 moved = vec2(d.x * turn.x + d.y * turn.y, -d.x * turn.y + d.y * turn.x);
  at = cut.xy + corner * cut.zw;
  gl_Position = vec4(2.0 * moved / screen.xy, 0.0, 1.0);
}`;

const HEAD = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
precision highp sampler2DArray;
precision highp usampler2DArray;
in vec2 at;
out vec4 colour;
`;

export const TILE_FRAGMENT = `${HEAD}
uniform usampler2DArray samples;   // (x, y, image)
uniform usampler2DArray quarters;  // of a step, two bits each: (x, y, group of four images)
uniform sampler2DArray tables;     // brightness: (low byte, high byte, image); behind the images, of the luminance
uniform sampler2D toScreen;       // square root of linear light to the screen
uniform sampler2D standIns;        // kernel, offset, slope of the second for the first
uniform usampler2DArray coverage;  // square roots of the weights of the layers on a coarse level
uniform int images;
uniform int layers;
uniform int image[${MOST}];        // of each layer
uniform vec3 light[${MOST}];
uniform int least;
uniform vec2 origin;               // of the tile, pixels of its level
uniform float coarse;              // pixels of the coarse level for one of the tile's
uniform bool feathered;
uniform int lightness;             // image of the luminance, or -1
uniform float share;
uniform vec3 tint;                 // hue in sixths of a turn, saturation, vibrancy
uniform int mode;                  // 0 mix, 1 one layer alone in grey, 2 difference of two
uniform ivec2 pair;

float tabled(uint q, int row) {
  return texelFetch(tables, ivec3(int(q & 255u), int(q >> 8u), row), 0).r;
}

float shown(int which, int row) {
  ivec2 place = ivec2(at);
  uint q = texelFetch(samples, ivec3(place, which), 0).r;
  if (q == 0u) return -1.0;
  uint quarter = (texelFetch(quarters, ivec3(place, which >> 2), 0).r >> uint(2 * (which & 3))) & 3u;
  float low = tabled(q, row);
  return quarter == 0u ? low : mix(low, tabled(min(q + 1u, 65535u), row), 0.25 * float(quarter));
}

float weightAt(int layer, vec2 p, ivec2 last) {
  ivec2 low = ivec2(p), high = min(low + 1, last);
  vec2 f = p - vec2(low);
  vec4 w = vec4(
    texelFetch(coverage, ivec3(low.x, low.y, layer), 0).r, texelFetch(coverage, ivec3(high.x, low.y, layer), 0).r,
    texelFetch(coverage, ivec3(low.x, high.y, layer), 0).r, texelFetch(coverage, ivec3(high.x, high.y, layer), 0).r);
  w = (w / 65535.0) * (w / 65535.0);
  return mix(mix(w.x, w.y, f.x), mix(w.z, w.w, f.x), f.y);
}

vec3 withLightness(vec3 lit, float bright) {
  float before = 0.5 * (max(lit.r, max(lit.g, lit.b)) + min(lit.r, min(lit.g, lit.b)));
  float after = before + share * (bright - before);
  float room = 1.0 - abs(2.0 * before - 1.0);
  float chroma = room > 1e-6 ? (1.0 - abs(2.0 * after - 1.0)) / max(room, 1e-6) : 0.0;
  return clamp(after + (lit - before) * chroma, 0.0, 1.0);
}

vec3 recoloured(vec3 c) {
  float high = max(c.r, max(c.g, c.b)), low = min(c.r, min(c.g, c.b));
  if (high <= low) return c;
  float before = (high - low) / high;
  float after = min(before * tint.y, 1.0);
  after += tint.z * after * (1.0 - after);
  if (tint.x == 0.0) return high - (high - c) * (after / before);
  float sextant = high == c.r ? (c.g - c.b) / (high - low)
    : high == c.g ? 2.0 + (c.b - c.r) / (high - low) : 4.0 + (c.r - c.g) / (high - low);
  sextant = mod(sextant + tint.x, 6.0);
  vec3 k = mod(vec3(5.0, 3.0, 1.0) + sextant, 6.0);
  return high - high * after * max(vec3(0.0), min(min(k, 4.0 - k), vec3(1.0)));
}

float onScreen(float value) {
  float place = sqrt(value) * 65535.0;
  int low = int(place), high = min(low + 1, 65535);
  float before = texelFetch(toScreen, ivec2(low & 255, low >> 8), 0).r;
  return mix(before, texelFetch(toScreen, ivec2(high & 255, high >> 8), 0).r, place - float(low));
}

void main() {
  if (mode > 0) {
    float one = shown(pair.x, pair.x), other = mode == 2 ? shown(pair.y, pair.y) : 0.0;
    if (one < 0.0 || other < 0.0) { colour = vec4(0.0, 0.0, 0.0, 1.0); return; }
    float grey = mode == 1 ? one : clamp(0.5 + 0.5 * (one - other), 0.0, 1.0);
    if (mode == 1) grey = onScreen(grey);
    colour = vec4(vec3(grey), 1.0);
    return;
  }
  float x[${MOST}];
  float w[${MOST}];
  int count = 0;
  for (int c = 0; c < layers; c++) {
    x[c] = shown(image[c], image[c]);
    w[c] = x[c] < 0.0 ? 0.0 : 1.0;
    count += x[c] < 0.0 ? 0 : 1;
  }
  if (count == 0 || count < least) { colour = vec4(0.0, 0.0, 0.0, 1.0); return; }
  bool whole = count == layers;
  if (feathered) {
    ivec2 last = textureSize(coverage, 0).xy - 1;
    vec2 p = clamp((origin + floor(at) + 0.5) * coarse - 0.5, vec2(0.0), vec2(last));
    float most = 0.0;
    for (int c = 0; c < layers; c++) {
      w[c] *= max(weightAt(c, p, last), 1e-4);
      most = max(most, w[c]);
    }
    whole = true;
    for (int c = 0; c < layers; c++) {
      w[c] /= most;
      whole = whole && w[c] > 0.9999;
    }
  }
  vec3 lit = vec3(0.0);
  for (int c = 0; c < layers; c++) {
    float value = x[c];
    if (!whole) {
      float total = 0.0, norm = 0.0;
      for (int d = 0; d < layers; d++) {
        vec3 line = texelFetch(standIns, ivec2(d, c), 0).rgb;
        float part = line.r * w[d];
        if (part > 0.0) { total += part * (line.g + line.b * x[d]); norm += part; }
      }
      float own = w[c] > 0.0 ? x[c] : 0.0;
      float other = norm > 0.0 ? total / norm : own;
      value = clamp(w[c] * own + (1.0 - w[c]) * other, 0.0, 1.0);
    }
    lit += value * light[c];
  }
  lit = min(lit, vec3(1.0));
  if (lightness >= 0) {
    float bright = shown(lightness, images);
    if (bright >= 0.0) lit = withLightness(lit, bright);
  }
  vec3 seen = vec3(onScreen(lit.r), onScreen(lit.g), onScreen(lit.b));
  if (tint != vec3(0.0, 1.0, 0.0)) seen = recoloured(seen);
  colour = vec4(floor(seen * 255.0 + 0.5) / 255.0, 1.0);
}`;

export const PICTURE_FRAGMENT = `${HEAD}
uniform sampler2D picture;
uniform bool smoothed;
uniform float opacity;
void main() {
  vec3 seen = smoothed ? texture(picture, at / vec2(textureSize(picture, 0))).rgb
    : texelFetch(picture, min(ivec2(at), textureSize(picture, 0) - 1), 0).rgb;
  colour = vec4(seen, opacity);
}`;
