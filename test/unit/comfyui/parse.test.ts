import { describe, expect, it } from 'vitest';

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
import { recording } from '../../support/recordings';

describe('parseSystemStats', () => {
	it.each([
		['get_system_stats', '0.8.0', 'cpu'],
		['v0.3.64_system_stats', '0.3.64', 'cpu'],
		['sim_system_stats_vega_loaded', '0.8.0', 'cuda'],
	])('reads the recorded %s', (name, version, type) => {
		const stats = parseSystemStats(recording(name).body);
		expect(stats?.comfyuiVersion).toBe(version);
		expect(stats?.devices).toHaveLength(1);
		expect(stats?.devices[0]?.type).toBe(type);
		expect(stats?.devices[0]?.vram_total).toBe(recording(name).body.devices[0].vram_total);
	});

	it('leaves out devices without figures and reads missing torch figures as 0', () => {
		const stats = parseSystemStats({
			devices: [{ name: 'x' }, 7, null, { type: 'cuda', vram_total: 8, vram_free: 4 }],
		});
		expect(stats).toEqual({
			comfyuiVersion: null,
			argv: [],
			devices: [
				{
					name: '',
					type: 'cuda',
					vram_total: 8,
					vram_free: 4,
					torch_vram_total: 0,
					torch_vram_free: 0,
				},
			],
		});
	});

	it.each([[null], [[]], ['text'], [{}], [{ devices: 'many' }]])('refuses %j', (json) => {
		expect(parseSystemStats(json)).toBeNull();
	});

	it('strips control characters from names and cuts them', () => {
		const device = { name: `evil\u001b[31m\n${'x'.repeat(5000)}`, vram_total: 1, vram_free: 1 };
		const name = parseSystemStats({ devices: [device] })?.devices[0]?.name ?? '';
		expect(name.length).toBeLessThanOrEqual(200);

		expect(name).not.toMatch(/[\u0000-\u001f]/);
	});
});

describe('parseQueue', () => {
	it('gives running and pending in running order', () => {
		const state = parseQueue(recording('get_queue_busy').body, 1000);
		expect(state?.running.map((item) => item.number)).toEqual([26]);
		expect(state?.pending.map((item) => item.number)).toEqual([-29, 27, 28]);
		expect(state?.running[0]).toMatchObject({ clientId: 'c1', createTimeMs: 1795463453357 });
		expect(state?.running[0]?.graph['4']?.class_type).toBe('CheckpointLoaderSimple');
		expect(state?.serverTimeMs).toBe(1000);
	});

	it('reads an empty queue of 0.3.64', () => {
		const state = parseQueue(recording('v0.3.64_queue').body, null);
		expect(state).toEqual({ running: [], pending: [], serverTimeMs: null });
	});

	it('leaves out items that are none', () => {
		const state = parseQueue(
			{ queue_running: [1, [], ['x']], queue_pending: [[3, 'id', null]] },
			null,
		);
		expect(state?.running).toEqual([]);
		expect(state?.pending).toMatchObject([{ number: 3, promptId: 'id', graph: {} }]);
	});
});

describe('parseHistory', () => {
	it('reads a success with its stamps, outputs and extra data', () => {
		const [entry] = parseHistory(recording('history_success').body) ?? [];
		expect(entry).toMatchObject({
			promptId: '11111111-2222-4333-8444-555555555555',
			number: 19,
			status: 'success',
			failure: null,
			cachedNodes: [],
			createTimeMs: 1795463451910,
			startedMs: 1795463451910,
			endedMs: 1795463451912,
			outputs: [
				{ nodeId: '2', kind: 'images', filename: 'own_00001_.png', subfolder: '', type: 'output' },
			],
		});
		expect(entry?.extraData).toMatchObject({ foo: 'bar' });
	});

	it('tells interrupted from failed', () => {
		const [interrupted] = parseHistory(recording('history_interrupted').body) ?? [];
		expect(interrupted).toMatchObject({
			status: 'interrupted',
			failure: null,
			endedMs: 1795463502097,
		});
		const [failed] = parseHistory(recording('history_error').body) ?? [];
		expect(failed?.status).toBe('error');
		expect(failed?.failure).toMatchObject({ nodeId: '1', nodeType: 'LoadImage' });
	});

	it('keeps no traceback and no tensor dump of a failure', () => {
		const [entry] = parseHistory(recording('sim_oom_ksampler_history').body) ?? [];
		expect(JSON.stringify(entry?.failure).length).toBeLessThan(1000);
		expect(entry?.failure?.exceptionType).toBe('torch.OutOfMemoryError');
	});

	it('says which nodes came from the cache', () => {
		const [entry] = parseHistory(recording('history_cached_with_client_id').body) ?? [];
		expect(entry?.cachedNodes).toEqual(['1', '2']);
		expect(entry?.outputs).toHaveLength(1);
	});

	it('reads 0.3.64, which has no create_time', () => {
		const [entry] = parseHistory(recording('v0.3.64_history_success').body) ?? [];
		expect(entry).toMatchObject({ status: 'success', createTimeMs: null, number: 0 });
		expect(entry?.endedMs).toBe(1795464020649);
	});

	it('is empty while the prompt runs', () => {
		expect(parseHistory(recording('history_running_is_empty').body)).toEqual([]);
	});

	it('orders by end, whatever order the ids sort in', () => {
		const entry = (timestamp: number) => ({
			prompt: [0, 'x', {}, {}, []],
			outputs: {},
			status: { status_str: 'success', messages: [['execution_success', { timestamp }]] },
		});
		// number-like ids come first in a JavaScript object
		const json = { late: entry(3), early: entry(1), '7': entry(2) };
		expect(parseHistory(json)?.map((item) => item.promptId)).toEqual(['early', '7', 'late']);
	});

	it('takes files of any kind and leaves out what is none', () => {
		const outputs = {
			'1': { gifs: [{ filename: 'a.mp4', subfolder: 's', type: 'temp' }], animated: [true] },
			'2': { audio: [{ filename: 'b.flac', type: '../etc' }], text: ['hello'], odd: null },
			'3': { images: [{ filename: 'bad\u0000.png' }, { filename: '' }, null] },
		};
		const [entry] = parseHistory({ p: { outputs, status: { status_str: 'success' } } }) ?? [];
		expect(entry?.outputs).toEqual([
			{ nodeId: '1', kind: 'gifs', filename: 'a.mp4', subfolder: 's', type: 'temp' },
			{ nodeId: '2', kind: 'audio', filename: 'b.flac', subfolder: '', type: 'output' },
		]);
		expect(entry?.texts).toEqual([{ nodeId: '2', text: 'hello' }]);
	});

	it('takes what nodes show as text, and nothing else that happens to be a list', () => {
		const outputs = {
			'5': { text: ['a caption\nof two lines\u0000', '', 7, null] },
			'6': { tags: ['odd'], animated: [false], string: ['an answer'] },
			'7': { text: 'no list' },
		};
		const [entry] = parseHistory({ p: { outputs, status: { status_str: 'success' } } }) ?? [];
		expect(entry?.texts).toEqual([
			{ nodeId: '5', text: 'a caption\nof two lines' },
			{ nodeId: '6', text: 'an answer' },
		]);
		const [silent] = parseHistory({ p: { outputs: {}, status: { status_str: 'success' } } }) ?? [];
		expect(silent).not.toHaveProperty('texts');
	});

	it('pollutes no prototype', () => {
		const json = JSON.parse(
			'{"__proto__": {"prompt": [0, "x", {"__proto__": {"class_type": "X", "inputs": {"polluted": 1}}}, {}], "outputs": {"__proto__": {"polluted": 1}}}}',
		);
		parseHistory(json);
		expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
		expect(({} as Record<string, unknown>)['class_type']).toBeUndefined();
	});
});

describe('the smaller answers', () => {
	it('reads folders, files and sizes', () => {
		expect(parseNames(recording('get_models').body)).toContain('diffusion_models');
		expect(parseNames(recording('v0.3.64_models_checkpoints').body)?.length).toBeGreaterThan(0);
		expect(parseNames({})).toBeNull();
		expect(parseNames(['ok.safetensors', 'a\u0000b', 7, ''])).toEqual(['ok.safetensors']);
		const sizes = parseSizedFiles(
			recording('get_experiment_models_checkpoints').body,
			'checkpoints',
		);
		expect(sizes?.[0]).toMatchObject({ folder: 'checkpoints', sizeBytes: 629568950 });
	});

	it('reads jobs and features', () => {
		expect(parseJobs(recording('get_jobs').body)?.[0]).toMatchObject({ status: 'completed' });
		expect(parseFeatures(recording('get_features').body).maxUploadBytes).toBe(104857600);
		expect(parseFeatures('no').maxUploadBytes).toBeNull();
	});

	it('reads both spellings of a loader choice', () => {
		const old = recording('object_info_CheckpointLoaderSimple').body.CheckpointLoaderSimple;
		expect(comboOptions(old, 'ckpt_name')).toContain('sd15-random-fp16.safetensors');
		const fresh = { input: { required: { clip_name1: ['COMBO', { options: ['a', 'b'] }] } } };
		expect(comboOptions(fresh, 'clip_name1')).toEqual(['a', 'b']);
		expect(comboOptions({}, 'x')).toEqual([]);
	});

	it('reads the NaN and Infinity that Python writes, and only outside of texts', () => {
		expect(parsePythonJson('{"a": NaN, "b": -Infinity, "c": "NaN, \\"Infinity\\""}')).toEqual({
			a: null,
			b: null,
			c: 'NaN, "Infinity"',
		});
		expect(() => parsePythonJson('<html>NaN')).toThrow(SyntaxError);
	});
});
