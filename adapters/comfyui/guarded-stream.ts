/** A download that ends: with the file, when nothing arrives for too long, when it is too large, or when cancelled. */
import { type Readable, Transform } from 'node:stream';

import { type CallContext, timeoutError, tooLargeError, transportError } from './errors';

export interface StreamLimits {
	/** Longest pause between two pieces, in milliseconds. */
	idleMs: number;
	maxBytes: number;
	/** As the server announced it; a shorter body is an error. */
	expectedBytes: number | null;
}

const BUFFER_BYTES = 512 * 1024;

/** Wraps `source`; errors come out as RouterError. Nothing is read before the result is. */
export function guardedStream(
	source: Readable,
	limits: StreamLimits,
	context: CallContext,
	signal: AbortSignal | undefined,
): Readable {
	let seenBytes = 0;
	const guarded = new Transform({
		// one piece off the network is larger than a stream's default, which would stop the flow at each
		highWaterMark: BUFFER_BYTES,
		transform(chunk: Buffer, _encoding, done) {
			seenBytes += chunk.length;
			idle.refresh();
			if (seenBytes > limits.maxBytes) done(tooLargeError(context, limits.maxBytes));
			else done(null, chunk);
		},
		flush(done) {
			const short = limits.expectedBytes !== null && seenBytes < limits.expectedBytes;
			done(short ? transportError({ code: 'ECONNRESET' }, context, limits.maxBytes) : null);
		},
	});
	const idle = setTimeout(() => {
		// a full buffer means that the reader is slow, not the server
		if (guarded.readableLength > 0 || guarded.writableNeedDrain) idle.refresh();
		else guarded.destroy(timeoutError(context));
	}, limits.idleMs);
	idle.unref();
	const cancel = () => guarded.destroy(asError(signal?.reason));
	signal?.addEventListener('abort', cancel, { once: true });
	guarded.once('close', () => {
		clearTimeout(idle);
		signal?.removeEventListener('abort', cancel);
		source.destroy();
	});
	source.once('error', (error) => guarded.destroy(transportError(error, context, limits.maxBytes)));
	if (signal?.aborted) cancel();
	return source.pipe(guarded);
}

function asError(reason: unknown): Error {
	return reason instanceof Error ? reason : new Error('cancelled');
}
