/** Runs Select Model with the test catalog on one server. */
import type { INodeExecutionData, INodeParameters } from 'n8n-workflow';

import type { StandIn } from '../../../simulator/comfyui';
import { CATALOG, comfyUiCredential } from './fixtures';
import { runNode, type RunOptions, type RunResult } from './harness';

export type Select = (
	parameters?: INodeParameters,
	items?: INodeExecutionData[],
	more?: Partial<RunOptions>,
) => Promise<RunResult>;

/** Parameters and the rest of the run can be replaced call by call. */
export function selectOn(server: StandIn): Select {
	return (parameters = {}, items = [{ json: {} }], more = {}) =>
		runNode({
			type: 'selectModel',
			parameters: {
				catalogSource: 'json',
				catalogJson: JSON.stringify(CATALOG),
				...parameters,
			},
			items,
			credentials: comfyUiCredential(`gpu1=${server.url}`),
			...more,
		});
}
