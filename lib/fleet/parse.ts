/**
 * Checks an untrusted fleet snapshot. Hand-written: it runs before every decision, and a complete snapshot of 50 servers
 * has to pass in microseconds, untouched. An open format: fields it does not know are kept and not looked at.
 */
import { invalidInput, type Problem } from '../errors';
import { cleanText } from '../text';
import type { FleetDevice, FleetServer, FleetSnapshot, QueuedJob } from './types';

type Json = Record<string, unknown>;

/** Lists of names that were checked once: they are long, and callers pass the same one again and again. */
const checkedLists = new WeakSet<object>();

/**
 * @param json the snapshot; `queue`, `devices`, `loaded_model`, `installed_files` and `reachable` may be missing
 * @returns the same object where nothing was missing, else a copy with [], null and true filled in
 * @throws RouterError FLEET_INVALID naming every fault
 */
export function parseFleet(json: unknown): FleetSnapshot {
	if (isComplete(json)) return json;
	const problems: Problem[] = [];
	const fleet = readFleet(json, problems);
	if (problems.length > 0) throw invalidInput('FLEET_INVALID', 'The fleet snapshot', problems);
	return fleet;
}

function isComplete(json: unknown): json is FleetSnapshot {
	if (!isObject(json) || !Array.isArray(json['servers'])) return false;
	const names = new Set<unknown>();
	for (const server of json['servers'] as unknown[]) {
		if (!isObject(server) || !isCompleteServer(server)) return false;
		names.add(server['name']);
	}
	return names.size === (json['servers'] as unknown[]).length;
}

function isCompleteServer(server: Json): boolean {
	if (typeof server['name'] !== 'string' || server['name'] === '') return false;
	if (typeof server['reachable'] !== 'boolean') return false;
	if (!isText(server['loaded_model']) || server['loaded_model'] === undefined) return false;
	if (!isText(server['url']) || !isText(server['gpu_group'])) return false;
	for (const { key, least, exclusive } of SERVER_NUMBERS) {
		if (!isOptionalNumber(server[key], least, exclusive)) return false;
	}
	const { devices, queue, installed_files: files } = server;
	if (!Array.isArray(devices) || !Array.isArray(queue)) return false;
	for (const device of devices) if (!isCompleteDevice(device)) return false;
	for (const job of queue) if (!isCompleteJob(job)) return false;
	return files === null || (Array.isArray(files) && areNames(files));
}

function isCompleteDevice(device: unknown): boolean {
	if (!isObject(device)) return false;
	for (const key of DEVICE_NUMBERS) if (!isNumber(device[key], 0)) return false;
	return isText(device['name']) && isText(device['type']);
}

function isCompleteJob(job: unknown): boolean {
	if (!isObject(job) || typeof job['job_id'] !== 'string') return false;
	const { model_name: model, remaining_seconds: rest, deadline_seconds: deadline } = job;
	return (
		(model === null || typeof model === 'string') &&
		(rest === null || isNumber(rest, 0)) &&
		(deadline === null || isNumber(deadline, -Infinity)) &&
		isNumber(job['queue_number'], -Infinity) &&
		typeof job['running'] === 'boolean'
	);
}

function areNames(files: unknown[]): boolean {
	const isLong = files.length > 256;
	if (isLong && checkedLists.has(files)) return true;
	for (const file of files) if (typeof file !== 'string') return false;
	if (isLong) checkedLists.add(files);
	return true;
}

const DEVICE_NUMBERS = ['vram_total', 'vram_free', 'torch_vram_total', 'torch_vram_free'] as const;

const SERVER_NUMBERS = [
	{ key: 'hourly_cost', least: 0, exclusive: false },
	{ key: 'speed_factor', least: 0, exclusive: true },
	{ key: 'vram_reserve_gb', least: 0, exclusive: false },
	{ key: 'max_queue', least: 0, exclusive: false },
	{ key: 'cold_start_seconds', least: 0, exclusive: true },
	{ key: 'vram_gb', least: 0, exclusive: true },
] as const;

function readFleet(json: unknown, problems: Problem[]): FleetSnapshot {
	if (!isObject(json) || !Array.isArray(json['servers'])) {
		problems.push({
			path: isObject(json) ? 'servers' : '',
			message: 'A list of servers is missing.',
			hint: 'Write {"servers": [...]}; an empty list is allowed.',
		});
		return { servers: [] };
	}
	const seen = new Map<string, number>();
	const servers = (json['servers'] as unknown[]).map((server, index) => {
		const path = `servers[${index}]`;
		const read = readServer(server, path, problems);
		const before = seen.get(read.name);
		if (before !== undefined && read.name !== '') {
			const message = `The name "${cleanText(read.name, 80)}" is also that of servers[${before}].`;
			problems.push({ path: `${path}.name`, message, hint: 'Give every server its own name.' });
		}
		seen.set(read.name, index);
		return read;
	});
	return { ...json, servers };
}

function readServer(json: unknown, path: string, problems: Problem[]): FleetServer {
	if (!isObject(json)) {
		problems.push({
			path,
			message: 'Not an object.',
			hint: 'Write {"name": ..., "devices": [...], ...}.',
		});
		return emptyServer();
	}
	const fault = (key: string, message: string, hint: string) =>
		problems.push({ path: `${path}.${key}`, message, hint });
	if (typeof json['name'] !== 'string' || json['name'] === '') {
		fault(
			'name',
			'A name is missing.',
			'Give the server the name it has in the catalog or the credential.',
		);
	}
	if (json['reachable'] !== undefined && typeof json['reachable'] !== 'boolean') {
		fault('reachable', 'Not true or false.', 'Leave it out for true.');
	}
	for (const key of ['loaded_model', 'gpu_group', 'url'] as const) {
		if (!isText(json[key])) fault(key, 'Not a text.', 'Leave it out where it is not known.');
	}
	for (const { key, least, exclusive } of SERVER_NUMBERS) {
		if (isOptionalNumber(json[key], least, exclusive)) continue;
		const wanted = exclusive ? 'a number above 0' : 'a number of 0 or more';
		fault(key, `Not ${wanted}.`, 'Leave it out for the value of the catalog.');
	}
	const files = json['installed_files'] ?? null;
	if (files !== null && !(Array.isArray(files) && areNames(files))) {
		fault('installed_files', 'Not a list of file names.', 'Write null where it is not known.');
	}
	return {
		...json,
		name: typeof json['name'] === 'string' ? json['name'] : '',
		reachable: json['reachable'] !== false,
		devices: list(json['devices'], `${path}.devices`, problems).map((device, index) =>
			readDevice(device, `${path}.devices[${index}]`, problems),
		),
		queue: list(json['queue'], `${path}.queue`, problems).map((job, index) =>
			readJob(job, index, `${path}.queue[${index}]`, problems),
		),
		loaded_model: typeof json['loaded_model'] === 'string' ? json['loaded_model'] : null,
		installed_files: Array.isArray(files) ? (files as string[]) : null,
	};
}

function emptyServer(): FleetServer {
	return {
		name: '',
		reachable: true,
		devices: [],
		queue: [],
		loaded_model: null,
		installed_files: null,
	};
}

function list(value: unknown, path: string, problems: Problem[]): unknown[] {
	if (value === undefined || value === null) return [];
	if (Array.isArray(value)) return value;
	problems.push({ path, message: 'Not a list.', hint: 'Leave it out for an empty one.' });
	return [];
}

function readDevice(json: unknown, path: string, problems: Problem[]): FleetDevice {
	const device = isObject(json) ? json : {};
	if (!isObject(json))
		problems.push({ path, message: 'Not an object.', hint: 'As /system_stats gives it.' });
	const bytes = (key: (typeof DEVICE_NUMBERS)[number], fallback: number | null): number => {
		const value = device[key] ?? fallback;
		if (isNumber(value, 0)) return value;
		if (isObject(json)) {
			const message = 'Not a number of bytes of 0 or more.';
			problems.push({
				path: `${path}.${key}`,
				message,
				hint: 'As /system_stats of ComfyUI gives it, in bytes.',
			});
		}
		return 0;
	};
	for (const key of ['name', 'type'] as const) {
		if (isText(device[key])) continue;
		const hint = 'As /system_stats of ComfyUI gives it, or leave it out.';
		problems.push({ path: `${path}.${key}`, message: 'Not a text.', hint });
	}
	return {
		...device,
		vram_total: bytes('vram_total', null),
		vram_free: bytes('vram_free', null),
		torch_vram_total: bytes('torch_vram_total', 0),
		torch_vram_free: bytes('torch_vram_free', 0),
	};
}

function readJob(json: unknown, index: number, path: string, problems: Problem[]): QueuedJob {
	const job = isObject(json) ? json : {};
	const fault = (key: string, message: string, hint: string) =>
		problems.push({ path: key === '' ? path : `${path}.${key}`, message, hint });
	if (!isObject(json))
		fault('', 'Not an object.', 'Write {"job_id": ..., "model_name": ..., ...}.');
	if (job['job_id'] !== undefined && typeof job['job_id'] !== 'string') {
		fault('job_id', 'Not a text.', 'Leave it out where it is not known.');
	}
	if (!isText(job['model_name']))
		fault('model_name', 'Not a text.', 'Write null for a graph of others.');
	if (!isOptionalNumber(job['remaining_seconds'], 0, false)) {
		fault(
			'remaining_seconds',
			'Not a number of seconds of 0 or more.',
			'Write null where it is not known.',
		);
	}
	for (const key of ['deadline_seconds', 'queue_number'] as const) {
		if (isOptionalNumber(job[key], -Infinity, false)) continue;
		fault(key, 'Not a number.', 'Leave it out where it is not known.');
	}
	if (job['running'] !== undefined && typeof job['running'] !== 'boolean') {
		fault('running', 'Not true or false.', 'Leave it out for false.');
	}
	return {
		...job,
		job_id: typeof job['job_id'] === 'string' ? job['job_id'] : `unknown-${index}`,
		model_name: typeof job['model_name'] === 'string' ? job['model_name'] : null,
		remaining_seconds: numberOrNull(job['remaining_seconds']),
		deadline_seconds: numberOrNull(job['deadline_seconds']),
		queue_number: numberOrNull(job['queue_number']) ?? index,
		running: job['running'] === true,
	};
}

function numberOrNull(value: unknown): number | null {
	return typeof value === 'number' ? value : null;
}

function isObject(value: unknown): value is Json {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Finite and not below `least`; with `least` -Infinity any finite number. */
function isNumber(value: unknown, least: number): value is number {
	return typeof value === 'number' && value >= least && value < Infinity && value > -Infinity;
}

function isOptionalNumber(value: unknown, least: number, exclusive: boolean): boolean {
	if (value === undefined || value === null) return true;
	return isNumber(value, least) && !(exclusive && value === least);
}

function isText(value: unknown): boolean {
	return value === undefined || value === null || typeof value === 'string';
}
