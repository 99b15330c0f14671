// What the network's staff do with subscriptions and their notifications; db implements it.

/** Who did it and from where; every change is audited in the transaction that makes it. */
export interface SubscriptionChange {
  readonly by: string
  readonly peer: string
  readonly operation: string
}

export interface Subscription {
  readonly subscriptionId: string
  readonly systemId: string
  readonly transaction: 'ITI-46' | 'ITI-10'
  /** https://… for ITI-46, mllps://host:port for ITI-10. */
  readonly endpoint: string
  /** Of ITI-46. */
  readonly deviceOid?: string
  /** Of ITI-10: MSH-5 and MSH-6. */
  readonly receivingApplication?: string
  readonly receivingFacility?: string
  /** Absent: all domains. */
  readonly domains?: readonly string[]
}

export interface SubscriptionState extends Subscription {
  readonly status: 'active' | 'paused'
  readonly pausedReason?: string
  /** Times in a row that the subscriber could not be reached. */
  readonly failures: number
  readonly retryAt?: string
  readonly waiting: number
  readonly parked: number
  /** Of what waits or is parked. */
  readonly oldestAt?: string
}

/** Without the ids: who may see them asks for the patient. */
export interface NotificationView {
  readonly notificationId: string
  readonly subscriptionId: string
  readonly messageId: string
  readonly state: 'waiting' | 'parked' | 'sent' | 'skipped'
  readonly idCount: number
  readonly createdAt: string
  readonly attempts: number
  readonly parkedAt?: string
  readonly endedAt?: string
  readonly lastError?: string
}

export interface SubscriptionStore {
  readonly subscriptions: () => Promise<readonly SubscriptionState[]>
  /** `missing`: no such system. `not a consumer`: the system has no role pix-consumer. */
  readonly add: (
    subscription: Subscription,
    change: SubscriptionChange,
  ) => Promise<'created' | 'unchanged' | 'conflict' | 'missing' | 'not a consumer'>
  /** A paused one keeps what there is to tell; resumed, it hears it. */
  readonly setStatus: (
    given: Pick<SubscriptionState, 'subscriptionId' | 'status' | 'pausedReason'>,
    change: SubscriptionChange,
  ) => Promise<'changed' | 'unchanged' | 'missing'>
  /** With all that waits for it. */
  readonly remove: (subscriptionId: string, change: SubscriptionChange) => Promise<'changed' | 'missing'>
  readonly notifications: (asked: {
    readonly states: readonly NotificationView['state'][]
    readonly subscriptionId?: string
  }) => Promise<readonly NotificationView[]>
  /** Sends what waits or is parked now. `conflict`: it was sent or skipped. */
  readonly retry: (notificationId: string, change: SubscriptionChange) => Promise<'changed' | 'conflict' | 'missing'>
  /** Never sends it; what waits behind it may leave. */
  readonly skip: (notificationId: string, change: SubscriptionChange) => Promise<'changed' | 'conflict' | 'missing'>
}
