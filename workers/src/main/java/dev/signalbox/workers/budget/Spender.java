package dev.signalbox.workers.budget;

import org.jspecify.annotations.Nullable;

/** Who spends by a request. */
public record Spender(String useCase, String tenant, @Nullable String department) {
}
