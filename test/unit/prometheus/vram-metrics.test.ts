import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { MOST_DEVICES_PER_SERVER, VramMetrics } from '../../../adapters/prometheus/vram-metrics';
import type { VramReading } from '../../../lib/vram-watch/types';

const ROUND = { durationSeconds: 0.25, endedAtSeconds: 1_800_000_000 };

function reading(over: Partial<VramReading> = {}): VramReading {
	return {
		observed_at: '2026-01-31T12:00:00.000Z',
		server: 'gpu-a',
		reachable: true,
		error: null,
		device_index: 0,
		device_name: 'cuda:0 NVIDIA RTX',
		vram_total: 24e9,
		vram_free: 4e9,
		torch_vram_total: 18e9,
		torch_vram_free: 1e9,
		queue_running: 1,
		queue_pending: 3,
		loaded_model: 'z-image-turbo',
		...over,
	};
}

const SILENT = reading({
	server: 'gpu-b',
	reachable: false,
	error: 'no answer',
	device_index: null,
	device_name: null,
	vram_total: null,
	vram_free: null,
	torch_vram_total: null,
	torch_vram_free: null,
	queue_running: null,
	queue_pending: null,
	loaded_model: null,
});

async function samples(metrics: VramMetrics): Promise<string[]> {
	const { text } = await metrics.expose();
	return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

/** One sample of the text format: name, labels in quotes with only \\ \" \n escaped, value. */
const SAMPLE =
	/^[a-z_]+(\{[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"(?:,[a-z_]+="(?:[^"\\\n]|\\[\\"n])*")*\})? [-+\d.e]+$/;

describe('the metrics of a round', () => {
	it('are memory per device, queue and model per server, and who did not answer', async () => {
		const metrics = new VramMetrics(['gpu-a', 'gpu-b']);
		metrics.observe([reading(), SILENT], ROUND);
		expect(await samples(metrics)).toEqual(
			expect.arrayContaining([
				'comfyui_up{server="gpu-a"} 1',
				'comfyui_up{server="gpu-b"} 0',
				'comfyui_vram_total_bytes{server="gpu-a",device="0"} 24000000000',
				'comfyui_vram_free_bytes{server="gpu-a",device="0"} 4000000000',
				'comfyui_torch_vram_total_bytes{server="gpu-a",device="0"} 18000000000',
				'comfyui_torch_vram_free_bytes{server="gpu-a",device="0"} 1000000000',
				'comfyui_vram_obtainable_bytes{server="gpu-a",device="0"} 21000000000',
				'comfyui_device_info{server="gpu-a",device="0",name="cuda:0 NVIDIA RTX"} 1',
				'comfyui_queue_running{server="gpu-a"} 1',
				'comfyui_queue_pending{server="gpu-a"} 3',
				'comfyui_loaded_model_info{server="gpu-a",model="z-image-turbo"} 1',
				'comfyui_collection_failures_total{server="gpu-a"} 0',
				'comfyui_collection_failures_total{server="gpu-b"} 1',
				'comfyui_router_collection_duration_seconds_count 1',
				'comfyui_router_collection_duration_seconds_sum 0.25',
				'comfyui_router_last_collection_timestamp_seconds 1800000000',
			]),
		);
	});

	it('leave out what is not known rather than showing 0, and the database where there is none', async () => {
		const metrics = new VramMetrics(['gpu-a', 'gpu-b']);
		metrics.observe([reading({ torch_vram_total: null, loaded_model: null }), SILENT], ROUND);
		const lines = (await samples(metrics)).join('\n');
		expect(lines).not.toMatch(/queue_running\{server="gpu-b"|vram_free_bytes\{server="gpu-b"/);
		expect(lines).not.toMatch(/torch_vram_total|loaded_model|database_writes/);
	});

	it('replace those of the round before: a model or a device that is gone has no series', async () => {
		const metrics = new VramMetrics(['gpu-a']);
		metrics.observe([reading(), reading({ device_index: 1 })], ROUND);
		metrics.observe([reading({ loaded_model: 'sdxl' })], ROUND);
		const lines = (await samples(metrics)).join('\n');
		expect(lines).toContain('comfyui_loaded_model_info{server="gpu-a",model="sdxl"} 1');
		expect(lines).not.toMatch(/z-image-turbo|device="1"/);
	});

	it('count failures over the rounds, and each server once however many devices it has', async () => {
		const metrics = new VramMetrics(['gpu-b']);
		for (let round = 0; round < 3; round += 1) metrics.observe([SILENT, SILENT], ROUND);
		expect(await samples(metrics)).toContain('comfyui_collection_failures_total{server="gpu-b"} 3');
	});

	it('count writes of both results from the first on', async () => {
		const metrics = new VramMetrics(['gpu-a']);
		metrics.databaseWrite('failed');
		expect(await samples(metrics)).toEqual(
			expect.arrayContaining([
				'comfyui_router_database_writes_total{result="ok"} 0',
				'comfyui_router_database_writes_total{result="failed"} 1',
			]),
		);
	});
});

describe('what a server says', () => {
	it('cannot break the format, add lines or labels, or grow without bound', async () => {
		const nasty = fc.oneof(
			fc.string({ unit: 'binary', maxLength: 300 }),
			fc.constantFrom('"} 1\nevil 1', 'a\\"b', '\\', '\ud800', '\u2028x', '__proto__', '{}'),
		);
		await fc.assert(
			fc.asyncProperty(nasty, nasty, nasty, fc.double(), async (name, model, server, free) => {
				const metrics = new VramMetrics([server]);
				metrics.observe(
					[reading({ server, device_name: name, loaded_model: model, vram_free: free })],
					ROUND,
				);
				const { text } = await metrics.expose();
				for (const line of await samples(metrics)) {
					if (!line.includes('_bucket{le=')) expect(line).toMatch(SAMPLE);
				}
				expect(text.length).toBeLessThan(16_000);
				expect(text).not.toMatch(/^evil/m);
			}),
		);
	});

	it('makes no more series than devices that a machine can have', async () => {
		const metrics = new VramMetrics(['gpu-a']);
		const claimed = Array.from({ length: 5000 }, (_, index) => reading({ device_index: index }));
		metrics.observe(claimed, ROUND);
		const devices = (await samples(metrics)).filter((line) => line.startsWith('comfyui_vram_free'));
		expect(devices).toHaveLength(MOST_DEVICES_PER_SERVER);
	});
});
