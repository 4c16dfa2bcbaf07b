package dev.signalbox.config;

/**
 * Name of a deployment: {@code <place>/<model>}, such as {@code bedrock.us-east-1/claude-sonnet-4}. The part before the
 * slash is the place, the part behind it is the logical model; routes of a model name deployments by place alone.
 */
public record DeploymentName(String place, String model) implements Comparable<DeploymentName> {

    /** @throws IllegalArgumentException if there is no slash with something on both sides */
    public static DeploymentName parse(String name) {
        int slash = name.indexOf('/');
        if (slash <= 0 || slash == name.length() - 1) {
            throw new IllegalArgumentException("deployment name \"" + name + "\" must be <place>/<model>");
        }
        return new DeploymentName(name.substring(0, slash), name.substring(slash + 1));
    }

    @Override
    public int compareTo(DeploymentName other) {
        return toString().compareTo(other.toString());
    }

    @Override
    public String toString() {
        return place + "/" + model;
    }
}
