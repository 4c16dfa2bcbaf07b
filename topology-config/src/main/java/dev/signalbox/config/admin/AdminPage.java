package dev.signalbox.config.admin;

import java.util.Map;

/** Answers what is asked below one path. */
@FunctionalInterface
public interface AdminPage {
    /**
     * @param path decoded, what follows the page's own path; empty or begins with a slash
     * @param query parameters, decoded; of one that is given twice the last
     */
    AdminAnswer answer(String path, Map<String, String> query);
}
