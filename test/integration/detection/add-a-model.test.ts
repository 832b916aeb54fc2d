import { readFileSync } from 'node:fs';
import path from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { run } from '../../../cli/run';
import type { ShortTable } from '../../support/headers';
import { modelFolder, type ModelFolderFixture } from '../../support/model-folder';

const REPOSITORY = path.join(__dirname, '../../..');

/** The fixture's Stable Diffusion 1.5 as an all-in-one checkpoint. */
function checkpoint(): ShortTable {
	const file = path.join(REPOSITORY, 'test/fixtures/detection/detection_ground_truth.json');
	const truth = JSON.parse(readFileSync(file, 'utf8')) as Array<{
		name: string;
		header: ShortTable;
	}>;
	const unet = Object.entries(truth.find((shape) => shape.name === 'sd15')!.header);
	return {
		...Object.fromEntries(unet.map(([key, value]) => [`model.diffusion_model.${key}`, value])),
		'cond_stage_model.transformer.text_model.encoder.layers.0.mlp.fc1.weight': ['F16', [3072, 768]],
		'first_stage_model.decoder.conv_in.weight': ['F16', [512, 4, 3, 3]],
	};
}

describe('the guide “Add a new model”', () => {
	let folder: ModelFolderFixture;
	beforeEach(() => {
		folder = modelFolder();
	});
	afterEach(() => folder.remove());

	async function cli(...argv: string[]): Promise<{ code: number; out: string }> {
		let out = '';
		const io = {
			readStdin: () => Promise.resolve(''),
			out: (text: string) => void (out += text),
			err: (text: string) => void (out += text),
			env: {},
			clock: { nowMs: () => 0, sleep: () => Promise.resolve() },
			signal: new AbortController().signal,
		};
		return { code: await run(argv, '0.0.0', io), out };
	}

	it('leads from a file to an entry that the router selects', async () => {
		const shipped = JSON.parse(
			readFileSync(path.join(REPOSITORY, 'models_config.json'), 'utf8'),
		) as {
			models: Array<{ name: string }>;
		};
		const models = shipped.models.filter((model) => model.name === 'sd15');
		const catalog = folder.bytes(
			'models_config.json',
			JSON.stringify({ ...shipped, models }, null, '\t'),
		);
		folder.safetensors('models/checkpoints/v1-5-pruned-emaonly-fp16.safetensors', checkpoint());
		folder.safetensors('models/checkpoints/dreamhouse_v3.safetensors', checkpoint());
		const args = [
			'update-models-config',
			'--catalog',
			catalog,
			'--models-dir',
			path.join(folder.root, 'models'),
		];

		const dry = await cli(...args);
		expect(dry.code).toBe(2);
		expect(dry.out).toMatch(
			/^\+ dreamhouse-v3: dreamhouse_v3\.safetensors: sd15, 1\.7 GB fp16, settings as sd15$/m,
		);
		expect((await cli(...args, '--write')).code).toBe(0);

		const GB = 1e9;
		const device = {
			name: 'cuda:0',
			type: 'cuda',
			vram_total: 8 * GB,
			vram_free: 8 * GB,
			torch_vram_total: 0,
			torch_vram_free: 0,
		};
		const server = {
			name: 'home',
			reachable: true,
			devices: [device],
			queue: [],
			loaded_model: null,
			installed_files: ['dreamhouse_v3.safetensors'],
		};
		const fleet = folder.bytes('fleet.json', JSON.stringify({ servers: [server] }));
		const request = folder.bytes(
			'request.json',
			'{"purpose":"photo","model_name":"dreamhouse-v3","width":512,"height":512}',
		);
		const selected = await cli(
			'select',
			'--catalog',
			catalog,
			'--fleet',
			fleet,
			'--request',
			request,
			'--json',
		);
		expect(selected.code).toBe(0);
		expect(JSON.parse(selected.out)).toMatchObject({
			decision: 'selected',
			model_name: 'dreamhouse-v3',
		});
	});
});
