/** What ComfyUI servers and model files give us: answers, frames, names, headers. */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';

import { parsePythonJson } from '../../../adapters/comfyui/json';
import {
	comboOptions,
	parseFeatures,
	parseJobs,
	parseNames,
	parseQueue,
	parseSizedFiles,
	parseSystemStats,
} from '../../../adapters/comfyui/parse';
import { parseHistory } from '../../../adapters/comfyui/parse-history';
import { promptRejected } from '../../../adapters/comfyui/prompt-errors';
import { parseFrame } from '../../../adapters/comfyui/websocket-frames';
import { NeedMoreBytes, parseGguf } from '../../../adapters/files/model-files/gguf';
import { HeaderFault } from '../../../adapters/files/model-files/problems';
import { headerLength, parseSafetensors } from '../../../adapters/files/model-files/safetensors';
import { safeName } from '../../../adapters/files/safe-name';
import { RouterError } from '../../../lib/errors';
import { ggufHeader, safetensorsHeader } from '../../support/headers';
import { damaged, edits, expectBounded, fuzz, FUZZ_TIMEOUT_MS, refusesOrReturns } from './hostile';

vi.setConfig({ testTimeout: FUZZ_TIMEOUT_MS });

const prompt = [
	7,
	'3f1c',
	{ '3': { class_type: 'KSampler', inputs: { seed: 1, model: ['4', 0] } } },
	{ create_time: 1.7e12, client_id: 'c', comfyui_router: { v: 1 } },
	['9'],
];
const history = {
	'3f1c': {
		prompt,
		outputs: {
			'9': { images: [{ filename: 'a.png', subfolder: '', type: 'output' }], text: ['t'] },
		},
		status: {
			status_str: 'success',
			completed: true,
			messages: [
				['execution_start', { prompt_id: '3f1c', timestamp: 1 }],
				['execution_cached', { nodes: ['4'], prompt_id: '3f1c', timestamp: 2 }],
				[
					'execution_error',
					{ node_id: '3', node_type: 'K', exception_message: 'oom', timestamp: 3 },
				],
			],
		},
	},
};
const queue = { queue_running: [prompt], queue_pending: [prompt, prompt] };
const stats = {
	system: { comfyui_version: '0.8.0', argv: ['main.py'] },
	devices: [
		{
			name: 'cuda:0',
			type: 'cuda',
			vram_total: 1,
			vram_free: 1,
			torch_vram_total: 0,
			torch_vram_free: 0,
		},
	],
};
const others = {
	jobs: [{ id: 'a', status: 'pending', create_time: 1 }],
	max_upload_size: 1,
	input: { required: { ckpt_name: [['a', 'b'], {}] } },
	names: ['a.safetensors'],
	sizes: [{ name: 'a', size: 1, modified: 2 }],
	error: { type: 'prompt_outputs_failed_validation', message: 'm', details: 'd' },
	node_errors: {
		'3': {
			class_type: 'K',
			errors: [{ type: 'value_not_in_list', message: 'm', details: 'd', extra_info: {} }],
		},
	},
};
const context = { server: 'a', baseUrl: 'http://a', call: 'POST /prompt', timeoutMs: 1 };

describe("a server's damaged answer", () => {
	it('is read or not, never thrown over: history, queue, system_stats', async () => {
		await fuzz(edits, 12_000, (changes) => {
			const given = [damaged(history, changes), damaged(queue, changes), damaged(stats, changes)];
			const read = refusesOrReturns(() => [
				parseHistory(given[0]),
				parseQueue(given[1], null),
				parseSystemStats(given[2]),
			]);
			expect(read).toBeDefined();
			expectBounded(read, given);
		});
	});

	it('is read or not, never thrown over: all others', async () => {
		await fuzz(edits, 8_000, (changes) => {
			const given = damaged(others, changes) as Record<string, unknown> | null;
			const read = refusesOrReturns(() => [
				parseJobs(given),
				parseFeatures(given),
				parseNames(given?.['names']),
				parseSizedFiles(given?.['sizes'], 'loras'),
				comboOptions((given ?? {}) as Record<string, unknown>, 'ckpt_name'),
			]);
			expect(read).toBeDefined();
			const rejection = promptRejected(given, context);
			expect(rejection).toBeInstanceOf(RouterError);
			expect(rejection.message.length).toBeLessThan(5_000);
		});
	});

	it('is JSON or a SyntaxError, as text', async () => {
		const piece = fc.constantFrom(
			'NaN',
			'-Infinity',
			'"',
			'\\',
			'{',
			'}',
			'[',
			']',
			',',
			':',
			'1',
			'a',
		);
		await fuzz(fc.array(piece, { maxLength: 30 }), 8_000, (pieces) => {
			refusesOrReturns(
				() => parsePythonJson(pieces.join('')),
				(error) => error instanceof SyntaxError,
			);
		});
	});
});

describe('a damaged frame of the WebSocket', () => {
	it('is an event or none', async () => {
		const frames = [
			{ type: 'executing', data: { node: '3', prompt_id: 'p' } },
			{ type: 'progress', data: { node: '3', value: 1, max: 20, prompt_id: 'p' } },
			{ type: 'execution_start', data: { prompt_id: 'p' } },
		];
		await fuzz(edits, 10_000, (changes) => {
			for (const frame of frames) {
				const text = JSON.stringify(damaged(frame, changes)) ?? '';
				const event = refusesOrReturns(() => parseFrame(text));
				expect(event).not.toBeUndefined();
				refusesOrReturns(() => parseFrame(text.slice(0, (changes[0]?.at ?? 0) % 40)));
			}
		});
	});
});

describe('a name from a server', () => {
	it('becomes a file name that is safe on every system', async () => {
		const part = fc.constantFrom(
			'..',
			'/',
			'\\',
			'.',
			' ',
			'con',
			'NUL.',
			'a',
			'日本語',
			'😀',
			'\u0000',
			'\u202e',
			':',
			'.png',
			'\ud800',
			'e\u0301',
			'~',
			'%2e%2e%2f',
		);
		const name = fc.oneof(
			fc.array(part, { maxLength: 12 }).map((parts) => parts.join('')),
			fc.string({ unit: 'binary', maxLength: 400 }),
			fc.array(part, { minLength: 200, maxLength: 300 }).map((parts) => parts.join('')),
		);
		await fuzz(name, 12_000, (given) => {
			const safe = safeName(given);
			expect(safe).toMatch(/^[\p{L}\p{N}_&#%+@=,~()[\]-][\p{L}\p{N}._ &#%+@=,~()[\]-]*$/u);
			expect(safe).not.toMatch(/[. ]$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i);
			expect(Buffer.byteLength(safe)).toBeLessThanOrEqual(200);
		});
	});
});

describe("a model file's damaged header", () => {
	const isRefusal = (error: unknown) =>
		error instanceof HeaderFault || error instanceof NeedMoreBytes;
	const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });
	const table = { 'a.weight': ['F16', [2, 3]], 'b.bias': ['F32', [4]] } as const;

	function changed(bytes: Buffer, edit: [number, number][], from: number): Buffer {
		const copy = Buffer.from(bytes);
		for (const [at, value] of edit) copy[from + (at % (copy.length - from))] = value;
		return copy;
	}

	it('is read or refused: safetensors', async () => {
		const { header } = safetensorsHeader(table, { format: 'pt', note: 'x' });
		await fuzz(fc.tuple(changes, fc.nat(200)), 8_000, ([edit, size]) => {
			const json = changed(header, edit, 8).subarray(8);
			const read = refusesOrReturns(() => parseSafetensors(json, 1e6), isRefusal);
			if (read) expect(read.tensors.size).toBeLessThanOrEqual(10);
			refusesOrReturns(
				() => headerLength(changed(header, edit, 0).subarray(0, 16), size),
				isRefusal,
			);
		});
	});

	it('is read or refused: GGUF', async () => {
		const good = ggufHeader({ 'general.architecture': 'flux' }, { 'a.weight': [0, [2, 3]] });
		await fuzz(fc.tuple(changes, fc.nat()), 8_000, ([edit, cut]) => {
			const bytes = changed(good, edit, 4);
			const read = refusesOrReturns(() => parseGguf(bytes, 1e6), isRefusal);
			if (read) expect(read.tensors.size).toBeLessThanOrEqual(10);
			refusesOrReturns(() => parseGguf(bytes.subarray(0, cut % bytes.length), 1e6), isRefusal);
		});
	});
});
