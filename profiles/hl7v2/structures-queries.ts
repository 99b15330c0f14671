// Message structures of the patient queries (HL7 v2.5 chapter 5; ITI TF-2 3.9, 3.21).

import { type MessageStructure, segments } from './structure.ts'

/** PIX knows no continuation, so a DSC there is a segment without meaning (ITI TF-2 3.9.4.1.2). */
export const PIX_QBP_Q21: MessageStructure = {
  id: 'QBP_Q21',
  parts: segments('MSH [{SFT}] QPD RCP'),
  loose: ['SFT'],
}

/** DSC asks for the next page (ITI TF-2 3.21.4.1.2). */
export const PDQ_QBP_Q21: MessageStructure = {
  id: 'QBP_Q21',
  parts: segments('MSH [{SFT}] QPD RCP [DSC]'),
  loose: ['SFT'],
}

export const QCN_J01: MessageStructure = {
  id: 'QCN_J01',
  parts: segments('MSH [{SFT}] QID'),
  loose: ['SFT'],
}
