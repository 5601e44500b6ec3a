// The noise that `unetgen sample --seed S` starts from: image by image, each from a generator of its own.

// Libtorch goes another way for fewer values.
const leastValues = 16;

/**
 * Standard normal noise of one image.
 * @param {bigint} seed as in --seed
 * @param {number} image the image's number, from 0
 * @param {number} count how many values: channels * height * width, at least 16
 * @returns {Float32Array} in the order channels, height, width
 */
export function imageNoise(seed, image, count) {
  if (count < leastValues) throw new RangeError(`An image has at least ${leastValues} values, not ${count}.`);
  const random = mersenneTwister((firstGenerator(seed) + image) >>> 0);
  // 24 bits each, which float32 holds exactly.
  const uniform = () => (random() & 0xffffff) / 0x1000000;
  const values = Float32Array.from({ length: count }, uniform);
  for (let start = 0; start + 16 <= count; start += 16) makeNormal(values, start);
  // What is left over is drawn anew together with as many before it as make a whole block.
  if (count % 16 > 0) {
    for (let i = count - 16; i < count; i++) values[i] = uniform();
    makeNormal(values, count - 16);
  }
  return values;
}

// Box and Muller's transformation of 16 uniform numbers: eight cosines, then their sines. Angles are rounded as libtorch rounds them.
function makeNormal(values, start) {
  const turn = Math.fround(2 * Math.PI);
  for (let i = start; i < start + 8; i++) {
    const radius = Math.sqrt(-2 * Math.log(1 - values[i]));
    const angle = Math.fround(turn * values[i + 8]);
    values[i] = radius * Math.cos(angle);
    values[i + 8] = radius * Math.sin(angle);
  }
}

// SplitMix64's mixing function on (seed, stream 0), of which the generators' seeds count on: 32 bits of it.
function firstGenerator(seed) {
  const word = value => BigInt.asUintN(64, value);
  const gamma = 0x9e3779b97f4a7c15n;
  const mix = z => {
    z = word((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = word((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  };
  return Number(BigInt.asUintN(32, mix(word(mix(mix(word(word(seed) + gamma))) + gamma))));
}

// MT19937 (Matsumoto and Nishimura 1998), 32 bits at each call.
function mersenneTwister(seed) {
  const size = 624, state = new Uint32Array(size);
  state[0] = seed;
  for (let i = 1; i < size; i++) state[i] = Math.imul(1812433253, state[i - 1] ^ (state[i - 1] >>> 30)) + i;
  let next = size;
  const renew = () => {
    for (let i = 0; i < size; i++) {
      const joined = (state[i] & 0x80000000) | (state[(i + 1) % size] & 0x7fffffff);
      state[i] = state[(i + 397) % size] ^ (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0);
    }
    next = 0;
  };
  return () => {
    if (next === size) renew();
    let bits = state[next++];
    bits ^= bits >>> 11;
    bits ^= (bits << 7) & 0x9d2c5680;
    bits ^= (bits << 15) & 0xefc60000;
    return (bits ^ (bits >>> 18)) >>> 0;
  };
}
