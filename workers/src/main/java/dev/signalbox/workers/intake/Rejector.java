package dev.signalbox.workers.intake;

/** Answers what cannot be served as a request. */
@FunctionalInterface
public interface Rejector {

    /**
     * Publishes a {@code REJECTED} reply where there is an address, else a dead letter, and completes the ticket when that
     * is acknowledged. Called on a decoding thread (virtual); when it throws, the record stays incomplete.
     */
    void reject(UnservableRecord unservable);
}
