// Who asks the PostgreSQL of a benchmark, without a password, and where.

export const POSTGRES_USER = 'bench';
export const POSTGRES_DATABASE = 'postgres';
