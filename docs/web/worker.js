// Draws beside the page, which so stays awake: computing takes this thread alone.

let ort, session;

self.onmessage = async ({ data }) => {
  try {
    self.postMessage({ answer: data.load ? await load(data.load) : await draw(data.draw) });
  } catch (error) {
    self.postMessage({ error: error instanceof Error ? error.message : String(error) });
  }
};

/** Fetches ONNX Runtime and the network, telling how far it is, and makes them ready. */
async function load({ runtime, network }) {
  const files = [{ ...runtime.binary, name: "ONNX Runtime" }, { ...network, name: "The network" }];
  const loaded = files.map(() => 0);
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  const fetching = files.map((file, i) => bytesOf(file, bytes => {
    loaded[i] = bytes;
    self.postMessage({ loaded: loaded.reduce((sum, part) => sum + part), total });
  }));
  const [wasmBinary, model] = await Promise.all(fetching);
  try {
    ort = await import(runtime.script);
  } catch (error) {
    throw new Error(`ONNX Runtime can't be loaded from ${runtime.script}: ${error.message}`);
  }
  Object.assign(ort.env.wasm, { wasmBinary, numThreads: runtime.threads });
  ort.env.logLevel = "error";
  try {
    session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"], logSeverityLevel: 3 });
  } catch (error) {
    throw new Error(`${network.address} is no network that ONNX Runtime can run: ${error.message}`);
  }
}

/** One picture's bytes in the order height, width, channels. */
async function draw({ noise, shape, label, guidance }) {
  const inputs = { noise: new ort.Tensor("float32", noise, [1, ...shape]) };
  if (label !== null) inputs.labels = new ort.Tensor("int64", BigInt64Array.of(BigInt(label)), [1]);
  if (guidance !== null) inputs.guidance = new ort.Tensor("float32", Float32Array.of(guidance), []);
  const { images } = await session.run(inputs);
  const bytes = Uint8Array.from(images.data);
  images.dispose();
  return bytes;
}

async function bytesOf({ name, address }, tell) {
  const response = await fetch(address).catch(error => {
    throw new Error(`${name} can't be loaded from ${address}: ${error.message}.`);
  });
  if (!response.ok) throw new Error(`${name} can't be loaded: the server answers ${response.status} for ${address}.`);
  const parts = [];
  let length = 0;
  for (const reader = response.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    length += value.length;
    tell(length);
  }
  const all = new Uint8Array(length);
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return all;
}
