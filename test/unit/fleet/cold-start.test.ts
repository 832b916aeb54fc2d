import { describe, expect, it } from 'vitest';

import { parseCatalog } from '../../../lib/catalog/parse';
import type { FleetServer } from '../../../lib/fleet/types';
import { ModelRouter } from '../../../lib/router/model-router';
import { WakingServers } from '../../../service/generate/waking-servers';
import { catalogOf } from '../../support/selections';

const MODEL = {
	name: 'm',
	files: { checkpoint: 'm.safetensors' },
	vram_gb: 7,
	vram_peak_gb: 10,
	load_seconds: 5,
};
const memory = { vram_total: 24e9, vram_free: 23e9, torch_vram_total: 0, torch_vram_free: 0 };
const request = { purpose: 'photo', job_id: 'j', deadline_seconds: 600 };

function server(name: string, rest: Partial<FleetServer> = {}): FleetServer {
	const empty = { queue: [], loaded_model: null, installed_files: null };
	return { name, reachable: true, devices: [memory], ...empty, ...rest };
}

function off(name: string, rest: Partial<FleetServer> = {}): FleetServer {
	const dead = { reachable: false, devices: [], error_code: 'COMFYUI_UNREACHABLE' };
	return server(name, { ...dead, cold_start_seconds: 60, vram_gb: 24, ...rest });
}

const router = new ModelRouter(catalogOf([MODEL]));
const select = (servers: FleetServer[], rest = {}) =>
	router.select({ ...request, ...rest }, { servers }, { nowMs: 0 });

describe('a server that is off and can be started', () => {
	it('is chosen where it is the only one, its start counted and said', () => {
		const selection = select([off('sleeper')]);
		expect(selection).toMatchObject({
			decision: 'selected',
			server: 'sleeper',
			estimate: { queue_seconds: 60, load_seconds: 5, run_seconds: 10 },
		});
		expect(selection.selection_reason).toContain('60 s until the server has started');
		expect(selection.selection_reason).not.toContain('in the queue');
	});

	it('says the queue beside the start', () => {
		const job = {
			...{ job_id: 'a', model_name: 'm', remaining_seconds: 15, deadline_seconds: null },
			...{ queue_number: 0, running: false },
		};
		const { selection_reason: reason } = select([off('sleeper', { queue: [job] })]);
		expect(reason).toContain('60 s until the server has started, 15 s in the queue');
	});

	it('is left asleep by an urgent job while another is up, and woken where that one is busy for longer', () => {
		const idle = select([off('sleeper'), server('up')], { urgency: 'urgent' });
		expect(idle).toMatchObject({ server: 'up' });
		const busy = {
			...{ job_id: 'a', model_name: 'm', remaining_seconds: 900, deadline_seconds: null },
			...{ queue_number: 0, running: true },
		};
		const fleet = [off('sleeper'), server('up', { queue: [busy] })];
		expect(select(fleet, { urgency: 'urgent' })).toMatchObject({ server: 'sleeper' });
	});

	it.each([
		['its start is not declared', { cold_start_seconds: undefined }],
		['it is not coming', { cold_start_seconds: null }],
		['its memory is not known', { vram_gb: null }],
		['it drains', { draining: true }],
		['it answers, and wants a login', { error_code: 'COMFYUI_UNAUTHORIZED' }],
	])('is merely unreachable where %s', (_why, rest) => {
		const { rejection } = select([off('sleeper', rest)]);
		expect(rejection?.code).toBe('UNREACHABLE');
	});

	it('is held to the memory that it will have', () => {
		expect(select([off('small', { vram_gb: 1 })]).rejection?.code).toBe('VRAM');
		expect(select([off('seen', { vram_gb: null, devices: [memory] })]).decision).toBe('selected');
	});

	it('has no model loaded, whatever was seen last', () => {
		const selection = select([off('sleeper', { loaded_model: 'm' })]);
		expect(selection).toMatchObject({ estimate: { load_seconds: 5 } });
	});

	it('is not given a job before it is up: the job waits, and is said where', () => {
		const waiting = [{ request, waiting_seconds: 0 }];
		const asleep = router.dispatch(waiting, { servers: [off('sleeper')] }, { nowMs: 0 });
		expect(asleep).toMatchObject({
			start: [],
			waiting: [{ job_id: 'j', server: 'sleeper', expected_start_seconds: 60 }],
		});
		expect(asleep.waiting[0]?.reason).toContain('after it has started');
		const up = router.dispatch(waiting, { servers: [server('sleeper')] }, { nowMs: 0 });
		expect(up.start).toMatchObject([{ server: 'sleeper' }]);
	});

	it('may be declared in the catalog, with its memory', () => {
		const catalog = (entry: object) =>
			parseCatalog({ version: 1, servers: [{ name: 'sleeper', ...entry }], models: [] });
		const declared = catalog({ cold_start_seconds: 90, vram_gb: 24 }).servers;
		const ofCatalog = new ModelRouter(catalogOf([MODEL], { servers: declared }));
		const fleet = { servers: [server('sleeper', { reachable: false, devices: [] })] };
		expect(ofCatalog.select(request, fleet, { nowMs: 0 })).toMatchObject({
			decision: 'selected',
			estimate: { queue_seconds: 90 },
		});
		expect(() => catalog({ cold_start_seconds: 90 })).toThrow('vram_gb');
		const faulty = { servers: [off('sleeper', { cold_start_seconds: -1 })] };
		expect(() => router.select(request, faulty, { nowMs: 0 })).toThrow('cold_start_seconds');
	});
});

describe('waiting for a server to start', () => {
	it('counts down from when it was wanted, and never to nothing', () => {
		const servers = new WakingServers();
		const left = (atMs: number) => servers.secondsLeft('s', 60, atMs);
		expect(left(0)).toBe(60);
		servers.want('s', 1_000);
		servers.want('s', 21_000);
		expect(left(21_000)).toBe(40);
		for (let at = 22_000; at < 80_000; at += 1_000) servers.want('s', at);
		expect(left(80_000)).toBe(6);
	});

	it('gives it up after twice the time, leaves it for as long, and then waits anew', () => {
		const servers = new WakingServers();
		for (let at = 0; at <= 120_000; at += 1_000) servers.want('s', at);
		expect(servers.secondsLeft('s', 60, 120_000)).toBeNull();
		expect(servers.secondsLeft('s', 60, 239_000)).toBeNull();
		expect(servers.secondsLeft('s', 60, 240_001)).toBe(60);
	});

	it('begins anew once nobody wanted it any more, or it has answered', () => {
		const servers = new WakingServers();
		servers.want('s', 0);
		expect(servers.secondsLeft('s', 60, 40_000)).toBe(60);
		servers.want('s', 40_000);
		expect(servers.secondsLeft('s', 60, 50_000)).toBe(50);
		servers.isUp('s');
		expect(servers.secondsLeft('s', 60, 51_000)).toBe(60);
	});
});
