// @ts-check
/** The canvas: textures, uniforms, quads. What the pixels of a tile become stands in shaders.js. */

import { MOST, PICTURE_FRAGMENT, TILE_FRAGMENT, VERTEX } from "./shaders.js";
import { TILE } from "./viewport.js";

/**
 * @typedef {import("./viewport.js").Viewport} Viewport
 * @typedef {{texture: WebGLTexture, level: number, box: {x0: number, y0: number, x1: number, y1: number}}} Picture
 * @typedef {{mode: number, pair: [number, number]}} Mode
 */

/** What stands in for a scene that was not settled yet. */
const PLAIN = { least: 1, feather: null, screen: { black: 0, white: 1, gamma: 1 } };

export class Painter {
  /**
   * @param {HTMLCanvasElement} canvas
   * @throws {Error} where there is no WebGL2
   */
  constructor(canvas) {
    this.canvas = canvas;
    const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, powerPreference: "high-performance" });
    if (!gl) throw new Error("no WebGL2");
    this.gl = gl;
    this.images = 1;
    this.look = /** @type {any} */ (null);
    this.finish = /** @type {any} */ (PLAIN);
    this.feathered = false;
    this.parts = makeParts(gl);
    this.reserve(1);
    this.setFinish(PLAIN, null);
  }

  /** Make everything anew, after the context was lost. */
  setup() {
    this.parts = makeParts(this.gl);
    this.reserve(this.images);
    this.setFinish(PLAIN, null);
  }

  /**
   * Make room for the tables of so many images, and of the luminance.
   * @param {number} images
   */
  reserve(images) {
    const gl = this.gl;
    this.images = images;
    gl.deleteTexture(this.parts.tables);
    this.parts.tables = newTexture(gl);
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, this.parts.tables);
    gl.texStorage3D(gl.TEXTURE_2D_ARRAY, 1, gl.R32F, 256, 256, images + 1);
    nearest(gl, gl.TEXTURE_2D_ARRAY);
  }

  /**
   * @param {number} row  image, or the number of images for the luminance
   * @param {Float32Array} table  brightness of every sample
   */
  setTable(row, table) {
    const gl = this.gl;
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, this.parts.tables);
    gl.texSubImage3D(gl.TEXTURE_2D_ARRAY, 0, 0, 0, row, 256, 256, 1, gl.RED, gl.FLOAT, table);
  }

  /**
   * @param {any} finish  what the server says of the finished picture
   * @param {Uint16Array | null} weights  square roots
   */
  setFinish(finish, weights) {
    const gl = this.gl;
    this.finish = finish;
    gl.bindTexture(gl.TEXTURE_2D, this.parts.toScreen);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R32F, 256, 256, 0, gl.RED, gl.FLOAT, screenTable(finish.screen));
    nearest(gl, gl.TEXTURE_2D);
    const feather = finish.feather || { kernel: [[1]], offset: [[0]], slope: [[1]], shape: [0, 0] };
    const count = feather.kernel.length;
    const lines = new Float32Array(4 * count * count);
    for (let c = 0; c < count; c++) {
      for (let d = 0; d < count; d++) {
        lines.set([feather.kernel[c][d], feather.offset[c][d], feather.slope[c][d], 0], 4 * (c * count + d));
      }
    }
    gl.bindTexture(gl.TEXTURE_2D, this.parts.standIns);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA32F, count, count, 0, gl.RGBA, gl.FLOAT, lines);
    nearest(gl, gl.TEXTURE_2D);
    this.feathered = Boolean(weights?.length);
    const [rows, columns] = this.feathered ? feather.shape : [1, 1];
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, this.parts.coverage);
    gl.texImage3D(
      gl.TEXTURE_2D_ARRAY, 0, gl.R16UI, columns, rows, this.feathered ? count : 1, 0, gl.RED_INTEGER, gl.UNSIGNED_SHORT,
      this.feathered ? weights : new Uint16Array([65535]),
    );
    nearest(gl, gl.TEXTURE_2D_ARRAY);
  }

  /**
   * @param {Uint16Array} samples
   * @param {Uint8Array} quarters
   * @returns {import("./tiles.js").Textures}
   */
  upload(samples, quarters) {
    const { gl } = this;
    return {
      samples: layered(gl, gl.R16UI, gl.UNSIGNED_SHORT, samples), quarters: layered(gl, gl.R8UI, gl.UNSIGNED_BYTE, quarters),
    };
  }

  /**
   * @param {ImageBitmap} bitmap  the top row first
   * @returns {WebGLTexture}
   */
  uploadPicture(bitmap) {
    const gl = this.gl;
    const texture = newTexture(gl);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.pixelStorei(gl.UNPACK_COLORSPACE_CONVERSION_WEBGL, gl.NONE);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, gl.RGBA, gl.UNSIGNED_BYTE, bitmap);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    return texture;
  }

  /** @param {WebGLTexture} texture */
  release(texture) {
    this.gl.deleteTexture(texture);
  }

  /**
   * Begin a frame.
   * @param {[number, number, number]} paper  colour outside the images
   */
  clear(paper) {
    const gl = this.gl;
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.disable(gl.SCISSOR_TEST);
    gl.clearColor(paper[0], paper[1], paper[2], 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
  }

  /**
   * Draw only in a part of the canvas from now on; as a view of its own, or as a piece of the whole one.
   * @param {number} left
   * @param {number} width  device pixels
   * @param {boolean} own
   */
  within(left, width, own) {
    const gl = this.gl;
    gl.enable(gl.SCISSOR_TEST);
    gl.scissor(left, 0, Math.max(0, width), this.canvas.height);
    if (own) gl.viewport(left, 0, width, this.canvas.height);
  }

  /** @param {number} opacity  of what is drawn from now on */
  blend(opacity) {
    const gl = this.gl;
    if (opacity >= 1) {
      gl.disable(gl.BLEND);
      return;
    }
    gl.enable(gl.BLEND);
    gl.blendColor(0, 0, 0, opacity);
    gl.blendFunc(gl.CONSTANT_ALPHA, gl.ONE_MINUS_CONSTANT_ALPHA);
  }

  /**
   * Draw the tiles of a view; where one is not there the next coarser one that is.
   * @param {Viewport} view
   * @param {import("./tiles.js").TileStore} store
   * @param {Mode} mode
   */
  drawTiles(view, store, mode) {
    if (!this.look) return;
    const gl = this.gl;
    const at = this.begin(this.parts.tileProgram, view);
    this.setLook(at, mode);
    const middle = view.middle;
    for (const [level, row, column] of view.tiles(view.level)) {
      for (let up = 0; level + up < view.levels; up++) {
        const tile = store.get([level + up, row >> up, column >> up]);
        if (!tile) continue;
        const side = TILE / 2 ** up;
        const [left, bottom] = [(column % 2 ** up) * side, (row % 2 ** up) * side];
        const size = 2 ** level;
        const wide = Math.min(TILE, Math.ceil(view.columns / size) - column * TILE);
        const tall = Math.min(TILE, Math.ceil(view.rows / size) - row * TILE);
        gl.activeTexture(gl.TEXTURE5);
        gl.bindTexture(gl.TEXTURE_2D_ARRAY, tile.textures.quarters);
        gl.activeTexture(gl.TEXTURE0);
        gl.bindTexture(gl.TEXTURE_2D_ARRAY, tile.textures.samples);
        gl.uniform2f(at("origin"), (column >> up) * TILE, (row >> up) * TILE);
        gl.uniform1f(at("coarse"), 2 ** (level + up - (this.finish.feather?.level || 0)));
        gl.uniform4f(
          at("place"), column * TILE * size - middle.u, row * TILE * size - middle.v, wide * size, tall * size,
        );
        gl.uniform4f(at("cut"), left, bottom, wide / 2 ** up, tall / 2 ** up);
        gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
        break;
      }
    }
  }

  /**
   * @param {(name: string) => WebGLUniformLocation | null} at
   * @param {Mode} mode
   */
  setLook(at, mode) {
    const gl = this.gl;
    const look = this.look;
    /** @type {[string, number, number, WebGLTexture][]} */
    const textures = [
      ["tables", 1, gl.TEXTURE_2D_ARRAY, this.parts.tables], ["toScreen", 2, gl.TEXTURE_2D, this.parts.toScreen],
      ["standIns", 3, gl.TEXTURE_2D, this.parts.standIns], ["coverage", 4, gl.TEXTURE_2D_ARRAY, this.parts.coverage],
    ];
    gl.uniform1i(at("samples"), 0);
    gl.uniform1i(at("quarters"), 5);
    for (const [name, unit, target, texture] of textures) {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(target, texture);
      gl.uniform1i(at(name), unit);
    }
    const order = /** @type {number[]} */ (look.order);
    const light = new Float32Array(3 * MOST);
    const image = new Int32Array(MOST);
    order.forEach((number, layer) => {
      image[layer] = number;
      light.set(look.channels[number].light, 3 * layer);
    });
    const fits = this.finish.feather?.kernel.length === order.length;
    gl.uniform1i(at("images"), this.images);
    gl.uniform1i(at("layers"), order.length);
    gl.uniform1iv(at("image[0]"), image);
    gl.uniform3fv(at("light[0]"), light);
    gl.uniform1i(at("least"), fits ? this.finish.least : 1);
    gl.uniform1i(at("feathered"), Number(fits && this.feathered));
    gl.uniform1i(at("lightness"), look.luminance ? look.luminance.image : -1);
    gl.uniform1f(at("share"), look.luminance ? look.luminance.share : 0);
    gl.uniform3f(at("tint"), look.hue / 60, look.saturation, look.vibrancy);
    gl.uniform1i(at("mode"), mode.mode);
    gl.uniform2i(at("pair"), mode.pair[0], mode.pair[1]);
  }

  /**
   * Lay a picture of the renderer over its place.
   * @param {Viewport} view
   * @param {Picture} picture
   */
  drawPicture(view, picture) {
    const gl = this.gl;
    const at = this.begin(this.parts.pictureProgram, view);
    const { x0, y0, x1, y1 } = picture.box;
    const size = 2 ** picture.level;
    const middle = view.middle;
    gl.activeTexture(gl.TEXTURE0);
    gl.bindTexture(gl.TEXTURE_2D, picture.texture);
    gl.uniform1i(at("picture"), 0);
    gl.uniform1i(at("smoothed"), Number(!view.even && view.scale * size < 2));
    gl.uniform1f(at("opacity"), 1);
    gl.uniform4f(at("place"), x0 * size - middle.u, y0 * size - middle.v, (x1 - x0) * size, (y1 - y0) * size);
    gl.uniform4f(at("cut"), 0, y1 - y0, x1 - x0, y0 - y1);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  }

  /**
   * @param {{program: WebGLProgram, at: (name: string) => WebGLUniformLocation | null}} used
   * @param {Viewport} view
   */
  begin(used, view) {
    const gl = this.gl;
    const angle = (view.rotation * Math.PI) / 180;
    gl.useProgram(used.program);
    gl.uniform2f(used.at("turn"), Math.cos(angle), Math.sin(angle));
    gl.uniform3f(used.at("screen"), view.width, view.height, view.scale);
    return used.at;
  }
}

/**
 * @param {WebGL2RenderingContext} gl
 * @returns {WebGLTexture}
 */
const newTexture = (gl) => /** @type {WebGLTexture} */ (gl.createTexture());

/**
 * Programs and textures of a context.
 * @param {WebGL2RenderingContext} gl
 */
function makeParts(gl) {
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([0, 0, 1, 0, 0, 1, 1, 1]), gl.STATIC_DRAW);
  gl.enableVertexAttribArray(0);
  gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  return {
    tileProgram: program(gl, TILE_FRAGMENT),
    pictureProgram: program(gl, PICTURE_FRAGMENT),
    tables: newTexture(gl),
    toScreen: newTexture(gl),
    standIns: newTexture(gl),
    coverage: newTexture(gl),
  };
}

/**
 * @param {{black: number, white: number, gamma: number}} levels
 * @returns {Float32Array} square root of linear light to sRGB between the levels of the picture
 */
function screenTable(levels) {
  const table = new Float32Array(65536);
  for (let n = 0; n < 65536; n++) {
    const light = (n / 65535) ** 2;
    const encoded = light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
    const shown = Math.max(0, Math.min(1, (encoded - levels.black) / (levels.white - levels.black)));
    table[n] = shown ** (1 / levels.gamma);
  }
  return table;
}

/**
 * @param {WebGL2RenderingContext} gl
 * @param {string} fragment
 */
function program(gl, fragment) {
  const made = /** @type {WebGLProgram} */ (gl.createProgram());
  /** @type {[number, string][]} */
  const parts = [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, fragment]];
  for (const [kind, source] of parts) {
    const shader = /** @type {WebGLShader} */ (gl.createShader(kind));
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS) && !gl.isContextLost()) {
      throw new Error(gl.getShaderInfoLog(shader) || "a shader does not compile");
    }
  }
  gl.bindAttribLocation(made, 0, "corner");
  gl.linkProgram(made);
  /** @type {Map<string, WebGLUniformLocation | null>} */
  const known = new Map();
  /** @param {string} name */
  const at = (name) => {
    if (!known.has(name)) known.set(name, gl.getUniformLocation(made, name));
    return known.get(name) || null;
  };
  return { program: made, at };
}

/**
 * @param {WebGL2RenderingContext} gl
 * @param {number} form
 * @param {number} kind
 * @param {Uint16Array | Uint8Array} content  of a tile, layer by layer
 * @returns {WebGLTexture}
 */
function layered(gl, form, kind, content) {
  const texture = newTexture(gl);
  const layers = content.length / TILE / TILE;
  gl.bindTexture(gl.TEXTURE_2D_ARRAY, texture);
  gl.texImage3D(gl.TEXTURE_2D_ARRAY, 0, form, TILE, TILE, layers, 0, gl.RED_INTEGER, kind, content);
  nearest(gl, gl.TEXTURE_2D_ARRAY);
  return texture;
}

/**
 * @param {WebGL2RenderingContext} gl
 * @param {number} target
 */
function nearest(gl, target) {
  gl.texParameteri(target, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(target, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  gl.texParameteri(target, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
  gl.texParameteri(target, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
}
