import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseQueue, parseSystemStats } from '../../../adapters/comfyui/parse';
import { parseHistory } from '../../../adapters/comfyui/parse-history';
import { catalogSchema } from '../../../lib/catalog/schema';
import { RouterError } from '../../../lib/errors';
import { assembleServer } from '../../../lib/fleet/assemble';
import { parseFleet } from '../../../lib/fleet/parse';
import type { ApiGraph } from '../../../lib/workflow/graph';
import { applySelection } from '../../../lib/workflow/apply-selection';
import { identifyModel } from '../../../lib/workflow/identify-model';
import { workflow } from '../../support/recordings';
import { selectionOf } from '../../support/selections';

const shipped = join(__dirname, '..', '..', '..', 'models_config.json');
const catalog = catalogSchema.parse(JSON.parse(readFileSync(shipped, 'utf8')));
const base = workflow('qwen_image_lightning4') as ApiGraph;

const stats = { comfyuiVersion: null, argv: [], devices: [] };

describe('whatever a server answers', () => {
	it('is parsed or refused, never thrown over', () => {
		fc.assert(
			fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
				parseSystemStats(a);
				parseHistory(a);
				parseHistory({ x: a });
				parseQueue(a, null);
				parseQueue({ queue_running: [a], queue_pending: [[2, b, a, b]] }, 1);
			}),
			{ numRuns: 500 },
		);
	});

	it('becomes a fleet snapshot that passes its own check', () => {
		fc.assert(
			fc.property(fc.jsonValue(), fc.jsonValue(), fc.double(), (graph, extra, stamp) => {
				const mine = { create_time: stamp, comfyui_router: extra };
				const pending = [[2, 'y', base, mine]];
				const queue = parseQueue(
					{ queue_running: [[1, 'x', graph, extra]], queue_pending: pending },
					null,
				);
				if (!queue) throw new Error('no queue');
				const messages = [['execution_error', { timestamp: stamp, exception_message: extra }]];
				const history = parseHistory({
					h: { prompt: [0, 'h', graph, extra], outputs: graph, status: { messages } },
				});
				const state = { stats, queue };
				const reading = { name: 'a', url: 'u', state, history, installedFiles: null, error: null };
				const server = assembleServer(reading, catalog, 1e12);
				expect(parseFleet({ servers: [server] }).servers[0]).toBe(server);
			}),
			{ numRuns: 300 },
		);
	});
});

describe('whatever is done to a workflow', () => {
	const id = fc.constantFrom(...Object.keys(base), '__proto__', 'constructor');
	const input = fc.constantFrom(
		...['model', 'positive', 'negative', 'latent_image', 'clip', 'vae', 'text', 'steps'],
		...['unet_name', 'lora_name', 'width', 'images', 'samples'],
	);
	const value = fc.oneof(fc.tuple(id, fc.nat(3)), fc.jsonValue());
	const change = fc.tuple(id, input, value);

	it('a selection is put in, or a RouterError says why not', () => {
		const model = { name: 'm', files: { diffusion_model: 'a', text_encoders: ['t'], vae: 'v' } };
		fc.assert(
			fc.property(fc.array(change, { maxLength: 6 }), (changes) => {
				const graph = structuredClone(base);
				for (const [nodeId, name, changed] of changes) {
					if (Object.hasOwn(graph, nodeId))
						(graph[nodeId] as ApiGraph[string]).inputs[name] = changed;
				}
				identifyModel(graph, catalog);
				try {
					applySelection(graph, selectionOf(model), { seed: 3 });
				} catch (error) {
					expect(error).toBeInstanceOf(RouterError);
				}
			}),
			{ numRuns: 500 },
		);
	});
});
