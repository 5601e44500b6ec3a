// What editors make of specs: YAML's own errors, those of the schema by a validator (ajv), and what the server behind
// editors (yaml-language-server) shows: diagnostics, and what it proposes and explains where a spec has a mark.
//
// stdin:  {"schema": TEXT, "specs": [YAML], "places": [{"text": YAML, "offset": NUMBER}]}
// stdout: {"specs": [{"yaml": [MESSAGE], "schema": [MESSAGE], "editor": [MESSAGE]}],
//          "places": [{"proposals": [WORD], "insertions": [SNIPPET], "hover": TEXT}]}
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import Ajv from 'ajv/dist/2020.js';
import { parseAllDocuments } from 'yaml';

const require = createRequire(import.meta.url);
const { getLanguageService } = require('yaml-language-server');
const { SettingsState } = require('yaml-language-server/out/server/src/yamlSettings.js');
const { TextDocument } = require('vscode-languageserver-textdocument');

const input = JSON.parse(readFileSync(0, 'utf8'));
const schema = JSON.parse(input.schema);

// Strict but for what is asked of each subschema alone: ours share their properties.
const ajv = new Ajv.default({ strict: true, strictRequired: false, strictTypes: false, allErrors: true });
for (const keyword of ['patternErrorMessage', 'doNotSuggest', 'defaultSnippets'])
  ajv.addKeyword(keyword); // the server's own
const validate = ajv.compile(schema);

// It stumbles over some broken YAML, a null as a key: what it reports to its makers counts as a message.
const faults = [];
const server = getLanguageService({
  schemaRequestService: async (uri) => uri.endsWith('/unet.schema.json') ? input.schema : Promise.reject(`no schema ${uri}`),
  workspaceContext: { resolveRelativePath: (path, from) => new URL(path, from).href },
  yamlSettings: new SettingsState(),
  telemetry: { send() {}, sendTrack() {}, sendError: (place, error) => faults.push(`${place}: ${error.message}`) },
});
// Specs are known by their names, but a first line that names a schema comes before that.
server.configure({ validate: true, hover: true, completion: true, yamlVersion: '1.2', schemas: [{ uri: 'file:///unet.schema.json', fileMatch: ['*.unet.yaml'] }] });

// The server remembers documents by their address.
let count = 0;
const open = (text, name) => TextDocument.create(`file:///${count++}/${name}`, 'yaml', 1, text);

const specs = [];
for (const text of input.specs) {
  const [yaml, value] = read(text);
  if (yaml.length === 0)
    validate(value);
  specs.push({
    yaml,
    schema: yaml.length === 0 ? (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`) : [],
    editor: (await server.doValidation(open(text, 'tiny.unet.yaml'), false)).map((diagnostic) => diagnostic.message).concat(faults.splice(0)),
  });
}

function read(text) {
  try {
    const documents = parseAllDocuments(text, { version: '1.2' });
    return [documents.flatMap((document) => document.errors.map((error) => error.message)), documents.length === 0 ? null : documents[0].toJS()];
  } catch (error) {
    return [[error.message], null]; // an alias of nothing, or of too much
  }
}

const places = [];
for (const { text, offset } of input.places) {
  const document = open(text, 'other.yaml'); // so that only the first line can name the schema
  const position = document.positionAt(offset);
  const items = (await server.doComplete(document, position, false)).items;
  places.push({
    proposals: items.map((item) => item.label),
    insertions: items.map((item) => item.insertText),
    hover: (await server.doHover(document, position))?.contents.value ?? '',
  });
}

// Half a character in a spec comes back in messages, and no JSON can hold it.
process.stdout.write(JSON.stringify({ specs, places }, (_, value) => typeof value === 'string' ? value.toWellFormed() : value));
