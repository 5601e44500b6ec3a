// Pictures beside one another on a canvas, whose pixels are a whole number of the screen's.

// Of a picture's side lie between two of them.
const gapPart = 1 / 28;
// Of the window's height a grid takes at most.
const mostOfWindow = 0.72;

export class PictureGrid {
  #canvas;
  #context;
  #room;
  #shape;
  #tile;
  #gap;
  #columns = 1;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {HTMLElement} room as wide as the grid may be
   * @param {{channels: number, height: number, width: number}} shape of a picture; one channel is grey, three are colours, others lie
   * side by side, each in grey
   */
  constructor(canvas, room, shape) {
    [this.#canvas, this.#room, this.#shape] = [canvas, room, shape];
    this.#context = canvas.getContext("2d");
    const { channels, height, width } = shape;
    this.#tile = { height, width: channels === 1 || channels === 3 ? width : channels * width };
    this.#gap = Math.max(1, Math.round(Math.max(height, width) * gapPart));
    new ResizeObserver(() => this.#fit()).observe(room);
    window.addEventListener("resize", () => this.#fit());
  }

  /** An empty grid, as square as it can be. */
  clear(count) {
    const { height, width } = this.#tile;
    this.#columns = Math.ceil(Math.sqrt(count));
    const rows = Math.ceil(count / this.#columns);
    this.#canvas.width = this.#columns * (width + this.#gap) - this.#gap;
    this.#canvas.height = rows * (height + this.#gap) - this.#gap;
    this.#fit();
  }

  /** @param {Float32Array} values in the order channels, height, width; what lies beyond [-1, 1] is clipped */
  showNoise(place, values) {
    const { channels, height, width } = this.#shape, size = height * width;
    const byte = value => Math.round((Math.min(1, Math.max(-1, value)) + 1) * 127.5);
    // Paler than pictures, which are so told from it.
    this.#show(place, (pixel, channel) => byte(values[channel * size + pixel] * 0.5), channels);
  }

  /** @param {Uint8Array} bytes in the order height, width, channels */
  showPicture(place, bytes) {
    const { channels } = this.#shape;
    this.#show(place, (pixel, channel) => bytes[pixel * channels + channel], channels);
  }

  /** Gives the user the grid as a picture, a pixel each. */
  async save(file) {
    const picture = await new Promise(done => this.#canvas.toBlob(done, "image/png"));
    const address = URL.createObjectURL(picture);
    Object.assign(document.createElement("a"), { href: address, download: file }).click();
    // Some browsers read it only after the click.
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  }

  #show(place, valueAt, channels) {
    const { height, width } = this.#tile, image = new ImageData(width, height), own = this.#shape.width;
    for (let y = 0, at = 0; y < height; y++) {
      for (let x = 0; x < width; x++, at += 4) {
        const pixel = y * own + x % own;
        for (let colour = 0; colour < 3; colour++)
          image.data[at + colour] = valueAt(pixel, channels === 3 ? colour : Math.floor(x / own));
        image.data[at + 3] = 255;
      }
    }
    this.#context.putImageData(
      image, place % this.#columns * (width + this.#gap), Math.floor(place / this.#columns) * (height + this.#gap));
  }

  #fit() {
    const { width, height } = this.#canvas, pixels = window.devicePixelRatio;
    const room = Math.min(this.#room.clientWidth / width, window.innerHeight * mostOfWindow / height);
    // A grid that is too wide shrinks, which is the style's matter.
    this.#canvas.style.width = `${Math.max(1, Math.floor(room * pixels)) / pixels * width}px`;
  }
}
