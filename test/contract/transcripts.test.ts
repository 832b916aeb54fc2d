/** Holds the WebSocket's frames to recorded transcripts: their order, their keys, their binary layout. */
import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';

import { Environment } from './environment';
import { recordingNames, transcript } from './recordings';
import { shapeProblems } from './shape';

type Frame = { type: string; data: Record<string, unknown> } | { binary: BinaryFrame };

interface BinaryFrame {
	event: number;
	metadata: unknown;
	imageHead: string;
}

interface Script {
	clientId: string | null;
	flags: unknown;
	prompt: Record<string, unknown>;
	interrupts: boolean;
	frames: Frame[];
}

const JPEG_HEAD = 'ffd8ff';

let environment: Environment | null = null;
let socket: WebSocket | null = null;
afterEach(async () => {
	socket?.terminate();
	await environment?.close();
	environment = null;
});

/** The recorded request (or, where only frames were kept, the recorded test prompt) and the frames after it. */
function scriptOf(name: string): Script {
	const entries = transcript(name);
	const posted = entries.find((entry) => 'POST /prompt' in entry)?.['POST /prompt'];
	const sent = entries.find((entry) => entry['dir'] === 'send')?.['text'];
	const frames = entries
		.filter((entry) => entry['dir'] === 'recv' || 'type' in entry)
		.map((entry): Frame => {
			if ('event' in entry) {
				const imageHead = String(entry['image_head_hex']).slice(0, JPEG_HEAD.length);
				return {
					binary: {
						event: entry['event'] as number,
						metadata: entry['metadata'] ?? null,
						imageHead,
					},
				};
			}
			return (entry['text'] ?? entry) as Frame;
		});
	const anonymous = {
		prompt: {
			1: { class_type: 'FeasSleep', inputs: { seconds: 0.5, tag: 'x' } },
			2: { class_type: 'SaveImage', inputs: { filename_prefix: 's', images: ['1', 0] } },
		},
	};
	const prompt = (posted ?? anonymous) as Record<string, unknown>;
	return {
		clientId: (prompt['client_id'] as string | undefined) ?? null,
		flags: sent ?? null,
		prompt,
		interrupts: entries.some((entry) => 'POST /interrupt' in entry),
		frames,
	};
}

function readFrame(raw: Buffer, isBinary: boolean): Frame {
	if (!isBinary) return JSON.parse(raw.toString('utf8')) as Frame;
	const event = raw.readUInt32BE(0);
	const length = event === 4 ? raw.readUInt32BE(4) : 0;
	const metadata: unknown =
		event === 4 ? JSON.parse(raw.subarray(8, 8 + length).toString('utf8')) : null;
	const image = raw.subarray(8 + length);
	return { binary: { event, metadata, imageHead: image.toString('hex', 0, JPEG_HEAD.length / 2) } };
}

/** The same graph with another seed ran just before, where the recording shows cached loaders. */
async function warmUp(env: Environment, script: Script): Promise<void> {
	const cached = script.frames.find(
		(frame) => 'type' in frame && frame.type === 'execution_cached',
	);
	if (!cached || !('data' in cached) || (cached.data['nodes'] as unknown[]).length === 0) return;
	const prompt = structuredClone(script.prompt['prompt']) as Record<
		string,
		{ inputs: Record<string, unknown> }
	>;
	for (const node of Object.values(prompt)) if ('seed' in node.inputs) node.inputs['seed'] = 7;
	await env.post('/prompt', { prompt });
	await env.untilIdle();
}

async function play(env: Environment, script: Script): Promise<Frame[]> {
	const frames: Frame[] = [];
	const query = script.clientId === null ? '' : `?clientId=${script.clientId}`;
	const ws = new WebSocket(`${env.standIn.url.replace('http', 'ws')}/ws${query}`);
	socket = ws;
	let interrupted = false;
	ws.on('message', (raw: Buffer, isBinary: boolean) => {
		const frame = readFrame(raw, isBinary);
		frames.push(frame);
		if (!script.interrupts || interrupted || !('type' in frame) || frame.type !== 'progress')
			return;
		interrupted = true;
		void env.post('/interrupt', { prompt_id: frame.data['prompt_id'] });
	});
	await new Promise((resolve) => ws.once('open', resolve));
	if (script.flags !== null) ws.send(JSON.stringify(script.flags));
	const isLast = (): boolean => frames.length >= script.frames.length;
	const greeting = script.flags === null ? 1 : 2;
	for (let tries = 0; frames.length < greeting && tries < 400; tries += 1) await sleep(5);
	await env.post('/prompt', script.prompt);
	for (let tries = 0; !isLast() && tries < 800; tries += 1) await sleep(5);
	return frames;
}

/** Frame types in order, without the number of nodes that happen to be in between. */
function outline(frames: Frame[]): string[] {
	return frames.map((frame) => {
		if ('binary' in frame) return `binary ${frame.binary.event}`;
		return frame.type === 'executing' && frame.data['node'] === null
			? 'executing null'
			: frame.type;
	});
}

const names = recordingNames().filter((name) => name.startsWith('ws_'));

describe('the WebSocket sends what the recorded ComfyUI sent', () => {
	it.each(names)('%s', async (name) => {
		const script = scriptOf(name);
		environment = await Environment.start({ speedUp: script.interrupts ? 2 : 20 });
		if (name === 'ws_error') await environment.upload('bad.png', Buffer.from('not a picture'));
		await warmUp(environment, script);
		const frames = await play(environment, script);
		expect(outline(frames)).toEqual(outline(script.frames));
		script.frames.forEach((wanted, index) => {
			expect(shapeProblems(wanted, frames[index], {}, `frame ${index}`)).toEqual([]);
		});
	});
});
