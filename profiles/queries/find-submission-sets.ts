// FindSubmissionSets (ITI TF-2 3.18.4.1.2.3.7.2).

import { parameter, storedQuery } from './define.ts'

export const findSubmissionSets = storedQuery({
  id: 'urn:uuid:f26abbcb-ac74-4422-8a30-edb644bbc1a9',
  name: 'FindSubmissionSets',
  transaction: 'ITI-18',
  section: 'ITI TF-2 3.18.4.1.2.3.7.2',
  parameters: [
    parameter('$XDSSubmissionSetPatientId', 'S', 'R'),
    parameter('$XDSSubmissionSetStatus', 'M', 'R'),
    parameter('$XDSSubmissionSetSourceId', 'M'),
    parameter('$XDSSubmissionSetSubmissionTimeFrom', 'T'),
    parameter('$XDSSubmissionSetSubmissionTimeTo', 'T'),
    parameter('$XDSSubmissionSetAuthorPerson', 'LS'),
    parameter('$XDSSubmissionSetContentType', 'C'),
  ],
  returns: ['SubmissionSet'],
})
