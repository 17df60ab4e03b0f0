// Where rclone parts from S3, each as the suite has seen it: {@link Deviation} by `room: capability`.
export const known = {};
