/** A stand-in set up like the recorded server, and the small steps that bring it into a recorded state. */
import { setTimeout as sleep } from 'node:timers/promises';

import {
	type StandIn,
	type StandInOptions,
	type TestNode,
	startComfyUiStandIn,
} from '../../simulator/comfyui';
import type { SimulatedModel } from '../../simulator/gpu';
import type { Recording } from './recordings';

/** The recorded server's two checkpoints, paced as there: 0.17 s a step at 64 x 64. */
function recordedModel(name: string, bytes: number): SimulatedModel {
	return {
		name,
		files: [{ folder: 'checkpoints', name, bytes }],
		weightsBytes: bytes,
		activationBytesPerMegapixel: 1e9,
		loadSeconds: 0.3,
		timings: [{ loras: [], steps: 4, passes: 2, secondsPerStep: 20, fixedSeconds: 0.2 }],
	};
}

export const RECORDED_MODELS = [
	recordedModel('sd15-mini-random-fp16.safetensors', 629568950),
	recordedModel('sd15-random-fp16.safetensors', 2133805046),
];

/** The recorded server's own test node: waits, and reports progress in five steps. */
const SLEEP_NODE: TestNode = {
	definition: {
		input: { required: { seconds: ['FLOAT', { default: 1 }], tag: ['STRING', {}] } },
		output: ['IMAGE'],
		output_node: false,
	},
	secondsInput: 'seconds',
	progressSteps: 5,
};

export class Environment {
	private constructor(readonly standIn: StandIn) {}

	static async start(options: StandInOptions = {}): Promise<Environment> {
		return new Environment(
			await startComfyUiStandIn({
				models: RECORDED_MODELS,
				speedUp: 200,
				deviceType: 'cpu',
				testNodes: { FeasSleep: SLEEP_NODE },
				...options,
			}),
		);
	}

	/** Asks what the recording asked, with this server's address in place of the recorded one. */
	async replay(request: Recording['request'], body?: string | Buffer): Promise<Response> {
		const headers = Object.entries(request.headers).map(([name, value]): [string, string] => [
			name,
			value.replace('127.0.0.1:8188', `127.0.0.1:${this.standIn.port}`),
		]);
		const recorded = request.body === null ? undefined : JSON.stringify(request.body);
		const sent = body ?? recorded;
		return fetch(this.standIn.url + request.path, {
			method: request.method,
			headers,
			...(sent === undefined ? {} : { body: sent }),
		});
	}

	async get(path: string): Promise<unknown> {
		return (await fetch(this.standIn.url + path)).json();
	}

	async post(path: string, body: unknown): Promise<unknown> {
		const response = await fetch(this.standIn.url + path, {
			method: 'POST',
			body: JSON.stringify(body),
		});
		const text = await response.text();
		return text === '' ? null : JSON.parse(text);
	}

	/** Puts a recorded queue or history tuple into the queue again. */
	async submitTuple(tuple: unknown, withNumber = true): Promise<void> {
		const [number, promptId, prompt, extra] = tuple as [
			number,
			string,
			object,
			Record<string, unknown>,
		];
		const { client_id, ...extra_data } = extra;
		delete extra_data['create_time'];
		await this.post('/prompt', {
			prompt,
			prompt_id: promptId,
			extra_data,
			...(withNumber ? { number } : {}),
			...(client_id === undefined ? {} : { client_id }),
		});
	}

	async upload(
		filename: string,
		bytes: Buffer,
		fields: Record<string, string> = {},
	): Promise<void> {
		const form = new FormData();
		form.set('image', new Blob([new Uint8Array(bytes)]), filename);
		for (const [name, value] of Object.entries(fields)) form.set(name, value);
		await fetch(`${this.standIn.url}/upload/image`, { method: 'POST', body: form });
	}

	async untilIdle(): Promise<void> {
		await this.until(async () => {
			const queue = (await this.get('/queue')) as {
				queue_running: unknown[];
				queue_pending: unknown[];
			};
			return queue.queue_running.length + queue.queue_pending.length === 0;
		});
	}

	/** A client's kept-alive connections to the life before may break once more. */
	async untilReachable(): Promise<void> {
		await this.until(() =>
			fetch(`${this.standIn.url}/queue`).then(
				(response) => response.ok,
				() => false,
			),
		);
	}

	async untilRunning(promptId: string): Promise<void> {
		await this.until(() =>
			Promise.resolve(
				this.standIn.events.of('started').some((event) => event.promptId === promptId),
			),
		);
	}

	/** The weights are in VRAM and the sampler works on them. */
	async untilSampling(): Promise<void> {
		await this.until(() =>
			Promise.resolve(this.standIn.events.of('vram').some((e) => e.usedBytes > 0)),
		);
	}

	close(): Promise<void> {
		return this.standIn.close();
	}

	private async until(condition: () => Promise<boolean>): Promise<void> {
		for (let tries = 0; tries < 2000; tries += 1) {
			if (await condition()) return;
			await sleep(5);
		}
		throw new Error('The stand-in did not reach the wanted state.');
	}
}
