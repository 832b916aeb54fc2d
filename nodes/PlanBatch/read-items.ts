/** Reads the items into requests. One that cannot be read keeps no other from being planned. */
import type { IExecuteFunctions } from 'n8n-workflow';

import { RouterError } from '../../lib/errors';
import { jobIdPrefix } from '../shared/job-id';
import { type RawRequest, readRequest } from '../shared/read-request';

export interface ReadItems {
	/** Requests, and the item of each. */
	requests: RawRequest[];
	itemIndices: number[];
	/** Items that are no request, by their index. */
	refused: { itemIndex: number; error: RouterError }[];
	/** Items whose parameters could not be read (an expression fails), by their index. */
	failed: { itemIndex: number; error: unknown }[];
}

export function readItems(context: IExecuteFunctions): ReadItems {
	const jobIds = jobIdPrefix(context);
	const read: ReadItems = { requests: [], itemIndices: [], refused: [], failed: [] };
	context.getInputData().forEach((_item, itemIndex) => {
		try {
			read.requests.push(readRequest(context, itemIndex, `${jobIds}${itemIndex}`));
			read.itemIndices.push(itemIndex);
		} catch (error) {
			if (error instanceof RouterError) read.refused.push({ itemIndex, error });
			else read.failed.push({ itemIndex, error });
		}
	});
	return read;
}
