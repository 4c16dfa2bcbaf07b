package dev.signalbox.workers.router;

/** Whether a call that tries a deployment for the whole fleet may be made. */
public enum ProbeVerdict {
    /** It may: it is this worker's turn, or the deployment needs no probe any more. */
    MAY_CALL,
    /** Not before it is claimed, and this worker named. */
    MUST_CLAIM,
    /** It may not: another worker's turn it is, or the deployment was ejected again. */
    MAY_NOT
}
